package inventory

import (
	"slices"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// equal compares all that an Observation says.
func equal(a, b *Observation) bool {
	return a.Gone == b.Gone &&
		a.Type == b.Type &&
		a.Admin == b.Admin &&
		a.Licensed == b.Licensed &&
		a.Federated == b.Federated &&
		equalUsers(&a.User, &b.User) &&
		equalMFA(&a.MFA, &b.MFA) &&
		equalSignIn(&a.SignIn, &b.SignIn) &&
		slices.Equal(a.Roles, b.Roles) &&
		slices.Equal(a.SKUs, b.SKUs) &&
		equalKnown(a.Licenses, b.Licenses, equalLicenses) &&
		equalLinks(a, b) &&
		equalDevices(a, b)
}

func equalLinks(a, b *Observation) bool {
	return a.Manager == b.Manager &&
		a.ManagerKnown == b.ManagerKnown &&
		a.GroupsReason == b.GroupsReason &&
		slices.Equal(a.Groups, b.Groups) &&
		slices.Equal(a.AppRoles, b.AppRoles)
}

func equalDevices(a, b *Observation) bool {
	return a.DevicesReason == b.DevicesReason &&
		a.ValidatedDevice == b.ValidatedDevice &&
		a.LockedOut.Equal(b.LockedOut) &&
		slices.Equal(a.Devices, b.Devices)
}

// equalKnown compares lists that are nil when they were not read.
func equalKnown[T any](a, b []T, equal func(a, b T) bool) bool {
	return (a == nil) == (b == nil) && slices.EqualFunc(a, b, equal)
}

func equalUsers(a, b *directory.User) bool {
	return a.ID == b.ID &&
		a.Enabled == b.Enabled &&
		equalNames(a, b) &&
		equalWork(a, b) &&
		a.Created.Equal(b.Created) &&
		a.LastPasswordChange.Equal(b.LastPasswordChange) &&
		a.SessionsValidFrom.Equal(b.SessionsValidFrom) &&
		equalOnPremises(&a.OnPremises, &b.OnPremises) &&
		slices.Equal(a.SKUs, b.SKUs) &&
		equalKnown(a.Licenses, b.Licenses, equalAssignments) &&
		equalProfiles(a.Profile, b.Profile)
}

func equalProfiles(a, b *directory.Profile) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func equalNames(a, b *directory.User) bool {
	return a.UserPrincipalName == b.UserPrincipalName &&
		a.DisplayName == b.DisplayName &&
		a.GivenName == b.GivenName &&
		a.Surname == b.Surname &&
		a.Mail == b.Mail
}

func equalWork(a, b *directory.User) bool {
	return a.JobTitle == b.JobTitle &&
		a.Department == b.Department &&
		a.UsageLocation == b.UsageLocation &&
		a.UserType == b.UserType
}

func equalOnPremises(a, b *directory.OnPremises) bool {
	return a.Synced == b.Synced &&
		a.SAMAccountName == b.SAMAccountName &&
		a.Domain == b.Domain &&
		a.LastSync.Equal(b.LastSync)
}

func equalMFA(a, b *MFA) bool {
	return a.State == b.State &&
		a.Reason == b.Reason &&
		a.DefaultMethod == b.DefaultMethod &&
		a.AsOf.Equal(b.AsOf) &&
		slices.Equal(a.Methods, b.Methods)
}

func equalSignIn(a, b *SignIn) bool {
	return a.Known == b.Known && a.Reason == b.Reason && a.LastSuccessful.Equal(b.LastSuccessful)
}
