package fairway.files.terraform_public_test

import rego.v1

import data.fairway.files.terraform_public

messages(text) := {result.msg | some result in terraform_public.deny with input as parse_config("hcl2", text)}

plan(type, after) := {"resource_changes": [{"address": sprintf("%s.x", [type]), "type": type, "change": {"actions": ["create"], "after": after}}]}

test_private if {
	count(messages("resource \"aws_s3_bucket_acl\" \"x\" { acl = \"private\" }\nresource \"aws_db_instance\" \"x\" { publicly_accessible = false }")) == 0
}

test_open_list if {
	messages("resource \"aws_s3_bucket_acl\" \"x\" { acl = \"public-read\" }") == {"aws_s3_bucket_acl.x opens the bucket (public-read)"}
}

test_half_a_block if {
	text := "resource \"aws_s3_bucket_public_access_block\" \"x\" {\n block_public_acls = true\n block_public_policy = true\n ignore_public_acls = true\n}"
	messages(text) == {"aws_s3_bucket_public_access_block.x lets the public in (restrict_public_buckets)"}
}

test_everybody if {
	count(messages("resource \"google_storage_bucket_iam_member\" \"x\" { member = \"allUsers\" }")) == 1
}

test_in_a_plan if count(terraform_public.deny) == 1 with input as plan("aws_db_instance", {"publicly_accessible": true})
