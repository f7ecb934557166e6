# METADATA
# title: A repository has what everybody looks for first
# description: Whoever is called at night looks for the owner, the run book and the build in the same places.
# custom:
#   severity: medium
#   fix: >-
#     Add the file; the golden paths show what belongs into it.
#   controls: [SOC2 CC2.2, SOC2 CC7.4, PCI-DSS 12.10.1]
#   docs: https://github.com/fairway-dev/fairway/blob/main/docs/reference/policies.md#require-golden-path-files
#   example: |
#     Does not pass:
#
#     ```text
#     # a repository without docs/runbook.md
#     ```
#
#     Passes:
#
#     ```text
#     catalog-info.yaml
#     score.yaml
#     Dockerfile
#     README.md
#     docs/index.md
#     docs/runbook.md
#     .github/workflows/ci.yaml
#     ```
package fairway.files.golden_path

import rego.v1

# Each with the paths that it may have.
wanted := {
	"the catalog entry": {"catalog-info.yaml", "catalog-info.yml"},
	"the README": {"README.md", "README.rst", "README"},
	"what the service needs": {"score.yaml"},
	"the recipe of the image": {"Dockerfile", "Containerfile"},
	"the documentation": {"docs/index.md"},
	"the run book": {"docs/runbook.md"},
	"the build": {".github/workflows/ci.yaml", ".github/workflows/ci.yml", ".gitea/workflows/ci.yaml", ".gitlab-ci.yml"},
	"what the image leaves out": {".dockerignore", ".containerignore"},
}

# Libraries, templates and the like have no service to deliver.
is_service if {
	input.apiVersion == "fairway.dev/v1"
	input.kind == "Repository"
	some file in input.spec.files
	file in {"score.yaml", "Dockerfile", "Containerfile"}
}

deny contains result if {
	is_service
	some what, paths in wanted
	count(paths & {file | some file in input.spec.files}) == 0
	result := {"msg": sprintf("%s is missing: %s", [what, concat(" or ", sort(paths))])}
}
