package fairway.files.catalog_entry_test

import rego.v1

import data.fairway.files.catalog_entry

entity := {
	"apiVersion": "backstage.io/v1alpha1", "kind": "Component",
	"metadata": {"name": "orders", "description": "Takes orders"},
	"spec": {"type": "service", "lifecycle": "production", "owner": "group:default/checkout"},
}

messages(value) := {result.msg | some result in catalog_entry.deny with input as value}

test_complete if count(messages(entity)) == 0

test_no_owner if {
	messages(object.union(entity, {"spec": {"owner": ""}})) == {"Component orders says nothing as its owner"}
}

test_a_guest if {
	messages(object.union(entity, {"spec": {"owner": "guests"}})) == {"guests is no owner"}
}

test_no_description if {
	messages(object.union(entity, {"metadata": {"description": ""}})) == {"Component orders has no description"}
}

test_manifests_are_left_alone if count(messages({"apiVersion": "apps/v1", "kind": "Deployment"})) == 0
