# METADATA
# title: Images do not run as root
# description: Root inside a container is root on the node as soon as one kernel bug lets it out.
# custom:
#   severity: high
#   fix: >-
#     End the last stage with USER and a number other than 0, for example USER 65532:65532.
#   controls: [CIS-Docker 4.1, SOC2 CC6.3, PCI-DSS 7.2.1, "NSA-CISA hardening: Non-root containers"]
#   docs: https://github.com/fairway-dev/fairway/blob/main/docs/reference/policies.md#forbid-root-in-image
#   example: |
#     Does not pass:
#
#     ```dockerfile
#     FROM debian:12
#     CMD ["/service"]
#     ```
#
#     Passes:
#
#     ```dockerfile
#     FROM debian:12
#     USER 65532:65532
#     CMD ["/service"]
#     ```
package fairway.files.image_user

import rego.v1

last_stage := max([instruction.Stage | some instruction in input])

users := [{"name": instruction.Value[0], "index": index} |
	some index, instruction in input
	instruction.Cmd == "user"
	instruction.Stage == last_stage
]

is_root(name) if split(name, ":")[0] in {"0", "root"}

# An image that is made for it says so in its tag.
based_on_nonroot if {
	some instruction in input
	instruction.Cmd == "from"
	instruction.Stage == last_stage
	contains(instruction.Value[0], "nonroot")
}

deny contains result if {
	last_stage
	count(users) == 0
	not based_on_nonroot
	some index, instruction in input
	instruction.Cmd == "from"
	instruction.Stage == last_stage
	result := {"msg": "the image runs as root: its last stage has no USER", "path": sprintf("[%d]", [index])}
}

deny contains result if {
	user := users[count(users) - 1]
	is_root(user.name)
	result := {"msg": sprintf("the image runs as %s", [user.name]), "path": sprintf("[%d]", [user.index])}
}
