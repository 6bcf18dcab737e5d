package graphsim

// licenseRules are about products, who holds them, and what groups give.
func licenseRules() []Rule {
	return []Rule{
		{"GS-LICENSE-01", "subscribedSkus lists each product's service plans; plans of the tenant itself apply to Company."},
		{"GS-LICENSE-02", "assignLicense needs both lists, GUIDs, and one of its permissions; it answers 200 with the account."},
		{"GS-LICENSE-03", "assignLicense gives and takes products in one call, all of it or nothing; consumedUnits and delta show it."},
		{"GS-LICENSE-04", "Without a usage location, or in a country under embargo, nothing can be assigned: 400; taking away needs none."},
		{"GS-LICENSE-05", "A product without a free unit is 400; units in their grace period count; who holds the product takes no second one; deleting an account frees its units."},
		{"GS-LICENSE-06", "Taking a product that is not held, or that comes from a group only, is 400."},
		{"GS-LICENSE-07", "A product the tenant has no subscription of, a plan that is not in it, and a product named twice are 400."},
		{"GS-LICENSE-08", "Plans that exclude each other, and a plan without those it depends on, are refused: when given and when taken."},
		{"GS-LICENSE-09", "Assigning a product again replaces its disabled plans."},
		{"GS-LICENSE-10", "Two assignLicense calls for one account at the same time: one is 409 Directory_ConcurrencyViolation; parts of a parallel batch are at the same time."},
		{"GS-LICENSE-11", "A product with an Exchange plan brings a mailbox and its address."},
		{"GS-LICENSE-12", "licenseAssignmentStates tells direct from inherited, is selectable in lists and delta, and its changes alone do not surface there."},
		{"GS-LICENSE-13", "licenseDetails lists the products held with the state of each plan."},
		{"GS-LICENSE-14", "Direct members of a group get its licences, nested ones do not; who leaves loses them; direct and inherited ones merge."},
		{"GS-LICENSE-15", "Licences of groups come and go minutes later."},
		{"GS-LICENSE-16", "What a group cannot give stays in licenseAssignmentStates with its error, and keeps the group's other products back."},
		{"GS-LICENSE-17", "reprocessLicenseAssignment tries again and answers with what still fails."},
		{"GS-LICENSE-18", "assignLicense on a group answers 202; members get theirs later; a group with licences cannot be deleted."},
		{"GS-LICENSE-19", "What leaves with a group but is needed by another plan stays, as ActiveWithError DependencyViolation."},
	}
}
