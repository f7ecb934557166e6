# METADATA
# title: Images are built on versions, not on what is newest today
# description: A build that takes the newest base gives another image every day, and nobody can build the one that runs again.
# custom:
#   severity: medium
#   fix: >-
#     Give every FROM a version tag or a digest; ARG values have a default with one.
#   controls: [CIS-Docker 4.2, SOC2 CC8.1, PCI-DSS 6.5.1, "NSA-CISA hardening: Building secure container images"]
#   docs: https://github.com/fairway-dev/fairway/blob/main/docs/reference/policies.md#require-pinned-base-image
#   example: |
#     Does not pass:
#
#     ```dockerfile
#     FROM debian
#     FROM golang:latest
#     ```
#
#     Passes:
#
#     ```dockerfile
#     FROM debian:12.11
#     FROM golang:1.26-bookworm
#     ```
package fairway.files.base_image

import rego.v1

moving := {"latest", "main", "master", "edge", "nightly"}

stages contains lower(name) if {
	some instruction in input
	instruction.Cmd == "from"
	lower(instruction.Value[1]) == "as"
	name := instruction.Value[2]
}

tag(image) := text if {
	segments := split(image, "/")
	parts := split(segments[count(segments) - 1], ":")
	count(parts) == 2
	text := parts[1]
}

deny contains result if {
	some index, instruction in input
	instruction.Cmd == "from"
	image := instruction.Value[0]
	not lower(image) in stages
	image != "scratch"
	not contains(image, "@sha256:")
	not contains(image, "$")
	not pinned(image)
	result := {"msg": sprintf("the base image %s names no version", [image]), "path": sprintf("[%d]", [index])}
}

pinned(image) if {
	text := tag(image)
	not text in moving
}
