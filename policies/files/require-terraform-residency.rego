# METADATA
# title: Terraform makes things in the regions that we promised
# description: Contracts and the law say where customers' data may lie; a region is one word in a provider.
# custom:
#   severity: high
#   fix: >-
#     Use one of the regions that the policy names; another one is for the data protection officer to add.
#   controls: [SOC2 C1.1, SOC2 P4.2, PCI-DSS 12.5.2]
#   docs: https://github.com/fairway-dev/fairway/blob/main/docs/reference/policies.md#require-terraform-residency
#   example: |
#     Does not pass:
#
#     ```hcl
#     provider "aws" {
#       region = "us-east-1"
#     }
#     ```
#
#     Passes:
#
#     ```hcl
#     provider "aws" {
#       region = "eu-central-1"
#     }
#     ```
package fairway.files.terraform_residency

import rego.v1

import data.fairway.lib.terraform

# Regions, or their beginnings; `data.fairway.regions` has others.
default regions := ["eu-", "europe-", "westeurope", "northeurope", "germanywestcentral"]

regions := data.fairway.regions

is_home(region) if {
	some beginning in regions
	startswith(lower(replace(region, " ", "")), beginning)
}

found contains {"name": sprintf("provider %s", [name]), "region": region, "path": sprintf("provider.%s[%d].region", [name, index])} if {
	some name, blocks in input.provider
	some index, block in blocks
	region := block.region
}

found contains {"name": resource.name, "region": region, "path": terraform.place(resource, field)} if {
	some resource in terraform.resources
	some field in ["region", "location"]
	region := resource.values[field]
	is_string(region)
}

deny contains result if {
	some place in found
	not terraform.is_expression(place.region)
	not is_home(place.region)
	result := {"msg": sprintf("%s is in %s, which is none of the regions where our data may lie", [place.name, place.region]), "path": place.path}
}
