package fairway.files.terraform_residency_test

import rego.v1

import data.fairway.files.terraform_residency

messages(text) := {result.msg | some result in terraform_residency.deny with input as parse_config("hcl2", text)}

plan(type, after) := {"resource_changes": [{"address": sprintf("%s.x", [type]), "type": type, "change": {"actions": ["create"], "after": after}}]}

test_at_home if count(messages("provider \"aws\" { region = \"eu-central-1\" }")) == 0

test_decided_later if count(messages("provider \"aws\" { region = var.region }")) == 0

test_abroad if {
	messages("provider \"aws\" { region = \"us-east-1\" }") == {"provider aws is in us-east-1, which is none of the regions where our data may lie"}
}

test_other_homes if {
	text := "provider \"aws\" { region = \"us-east-1\" }"
	count(terraform_residency.deny) == 0 with input as parse_config("hcl2", text) with data.fairway.regions as ["us-"]
}

test_in_a_plan if count(terraform_residency.deny) == 1 with input as plan("azurerm_resource_group", {"location": "East US"})
