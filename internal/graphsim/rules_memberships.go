package graphsim

// membershipRules are about who is in which group, and how to follow it.
func membershipRules() []Rule {
	return []Rule{
		{"GS-MEMBER-01", "POST members/$ref adds an account or a group by its address, DELETE members/{id}/$ref takes it out; both answer 204."},
		{"GS-MEMBER-02", "Adding a member is 400, adding or removing what is not there 404, a reference that is none 400."},
		{"GS-MEMBER-03", "Mail-enabled security groups and distribution lists are 400, synced groups 400, dynamic ones 403."},
		{"GS-MEMBER-04", "Role-assignable groups are 403 without RoleManagement.ReadWrite.Directory."},
		{"GS-MEMBER-05", "PATCH with members@odata.bind adds up to 20 members, all or none."},
		{"GS-MEMBER-06", "DELETE members/{id} without /$ref deletes the member itself, with the permission and the roles that deleting it needs."},
		{"GS-MEMBER-07", "Writing members needs a permission of its own; groups as members need Group.ReadWrite.All; Microsoft 365 and role-assignable groups take none."},
		{"GS-MEMBER-08", "memberOf lists direct groups and directory roles, transitiveMemberOf those of the groups too, each once; both can be cast."},
		{"GS-MEMBER-09", "owners lists a group's owners, ownedObjects the groups of an owner."},
		{"GS-MEMBER-10", "memberOf needs Directory.Read.All, transitiveMemberOf User.Read.All."},
		{"GS-MEMBER-11", "PATCH renames a group and describes it; other properties are not simulated."},
		{"GS-GDELTA-01", "A first round of groups/delta lists every group with members@delta, by id and type."},
		{"GS-GDELTA-02", "A group with more members than fit on a page comes again with further ones."},
		{"GS-GDELTA-03", "A deltaLink brings groups that changed and members that came or went, these with @removed deleted; nothing when nothing did."},
		{"GS-GDELTA-04", "Memberships come without $select, or when members is selected; changes to what was not selected do not surface."},
		{"GS-GDELTA-05", "A deleted group comes as @removed deleted, a Microsoft 365 group as changed; a later one of the same name has another id."},
		{"GS-GDELTA-06", "Deleting an account shows as its leaving, restoring it as its joining."},
		{"GS-GDELTA-07", "Prefer: return=minimal brings changed properties and memberships only."},
		{"GS-GDELTA-08", "groups/delta takes $filter on at most 50 ids and $deltatoken=latest, no $expand, $orderby or $search, and no token of users/delta."},
		{"GS-GDELTA-09", "Tokens of groups/delta live 7 days, then 410 or 400 syncStateNotFound."},
		{"GS-GDELTA-10", "groups/delta repeats, delays, empties pages and brings older states as users/delta does, and the truth later."},
		{"GS-GDELTA-11", "Changes during a first round of groups/delta are not lost."},
		{"GS-GDELTA-12", "groups/delta needs a permission to read groups or their members."},
	}
}
