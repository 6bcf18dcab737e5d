package graphsim

import "slices"

// applicationRules are about enterprise applications, about giving roles, of
// applications and of the directory, and about authentication methods.
func applicationRules() []Rule {
	return slices.Concat(appRules(), roleWriteRules(), methodRules())
}

func appRules() []Rule {
	return []Rule{
		{"GS-APP-01", "servicePrincipals lists enterprise applications and the apps consented to, with their appRoles; $filter takes appId and displayName, $count needs ConsistencyLevel: eventual, $skip is 400."},
		{"GS-APP-02", "A service principal is found by object id and by servicePrincipals(appId='…'); an unknown key is 404 Request_ResourceNotFound."},
		{"GS-APP-03", "appRoleAssignedTo lists in pages which users, groups and service principals hold roles of an application; resourceId and other GUIDs are filtered without quotes."},
		{"GS-APP-04", "appRoleAssignments lists what a user, group or service principal holds directly; a user's need Directory.Read.All or AppRoleAssignment.ReadWrite.All, an application's Application.Read.All."},
		{"GS-APP-05", "An assignment is made below its principal or its application: 201 and the assignment; it needs AppRoleAssignment.ReadWrite.All, below the application also a permission to read applications."},
		{"GS-APP-06", "The same assignment again is 400 Permission being assigned already exists on the object."},
		{"GS-APP-07", "A role that is unknown, disabled or not for that kind of principal is 400 Permission being assigned was not found; the zero GUID is for applications that offer no role."},
		{"GS-APP-08", "An unknown application or principal is 404; a body that speaks of another principal or application than the path is 400."},
		{"GS-APP-09", "Removing an assignment answers 204, once; below another principal it is 404."},
		{"GS-APP-10", "Assignments of a deleted account disappear, and return with it; a group or application takes its own along."},
		{"GS-APP-11", "Shortly after an assignment was made or removed, lists may show the state before; what is written is held against the present one."},
	}
}

func roleWriteRules() []Rule {
	return []Rule{
		{"GS-ROLE-10", "Posting a roleAssignment with principal, role and scope answers 201; it needs RoleManagement.ReadWrite.Directory."},
		{"GS-ROLE-11", "The same role assignment again is 400 A conflicting object is present in the directory."},
		{"GS-ROLE-12", "An unknown role, principal or administrative unit is 404, a group that is not role-assignable or another scope 400."},
		{"GS-ROLE-13", "A role assignment is read by its id, and removed with 204, once."},
	}
}
