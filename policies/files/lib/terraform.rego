# Resources of Terraform in one form, from a plan (`terraform show -json`) and from source files (.tf).
package fairway.lib.terraform

import rego.v1

resources contains resource if {
	some change in input.resource_changes
	some action in change.change.actions
	action in {"create", "update", "no-op"}
	resource := {
		"type": change.type,
		"name": change.address,
		"values": change.change.after,
		"unknown": object.get(change.change, "after_unknown", {}),
		"path": "",
	}
}

resources contains resource if {
	some type, names in input.resource
	some name, blocks in names
	some index, values in blocks
	resource := {
		"type": type,
		"name": sprintf("%s.%s", [type, name]),
		"values": values,
		"unknown": {},
		"path": sprintf("resource.%s.%s[%d]", [type, name, index]),
	}
}

# The place of a field, where the file says it.
place(resource, field) := sprintf("%s.%s", [resource.path, field]) if resource.path != ""

place(resource, _) := "" if resource.path == ""

# What is only known after the apply cannot be judged before it.
is_known(resource, field) if {
	not object.get(resource.unknown, field, false) == true
	not is_expression(object.get(resource.values, field, null))
}

is_expression(value) if {
	is_string(value)
	startswith(value, "${")
}
