# METADATA
# title: What is in the catalog says what it is and whose it is
# description: An entry without an owner is nobody's, and one without a description helps nobody who looks for it.
# custom:
#   severity: medium
#   fix: >-
#     Give the entity a description, and spec.type, spec.lifecycle and spec.owner; the owner is a team of the catalog.
#   controls: [SOC2 CC1.3, SOC2 CC2.2, PCI-DSS 12.5.1]
#   docs: https://github.com/fairway-dev/fairway/blob/main/docs/reference/policies.md#require-catalog-entry
#   example: |
#     Does not pass:
#
#     ```yaml
#     kind: Component
#     metadata: {name: orders}
#     spec: {type: service}
#     ```
#
#     Passes:
#
#     ```yaml
#     kind: Component
#     metadata:
#       name: orders
#       description: Takes orders and tells the warehouse
#     spec: {type: service, lifecycle: production, owner: group:default/checkout}
#     ```
package fairway.files.catalog_entry

import rego.v1

fields := {
	"Component": ["type", "lifecycle", "owner"],
	"API": ["type", "lifecycle", "owner", "definition"],
	"Resource": ["type", "owner"],
	"System": ["owner"],
	"Domain": ["owner"],
}

is_entity if {
	startswith(input.apiVersion, "backstage.io/")
	fields[input.kind]
}

says(value) if {
	value
	value != ""
}

deny contains result if {
	is_entity
	some field in fields[input.kind]
	not says(input.spec[field])
	result := {"msg": sprintf("%s %s says nothing as its %s", [input.kind, input.metadata.name, field]), "path": sprintf("spec.%s", [field])}
}

deny contains result if {
	is_entity
	not says(input.metadata.description)
	result := {"msg": sprintf("%s %s has no description", [input.kind, input.metadata.name]), "path": "metadata.description"}
}

deny contains result if {
	is_entity
	lower(input.spec.owner) in {"guest", "guests", "unknown", "user:guest", "user:default/guest", "todo"}
	result := {"msg": sprintf("%s is no owner", [input.spec.owner]), "path": "spec.owner"}
}
