package controllers

import (
	"slices"
	"time"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/plan"
	"github.com/m365-operator/m365-operator/internal/skunames"
)

// Limits of the lists in status, as the API has them.
const (
	maxRoles        = 64
	maxLicenses     = 100
	maxGroups       = 32
	maxApplications = 32
	maxDevices      = 16
	maxPending      = 64
)

// describeBelongings copies what the account has and belongs to. What cannot be read is
// left out.
func describeBelongings(st *v1alpha1.ManagedUserStatus, seen inventory.Observation) {
	st.Licenses = licenses(seen)
	st.Groups = nil
	if seen.GroupsReason == "" {
		st.Groups = &v1alpha1.GroupsStatus{Total: count(len(seen.Groups))}
		for _, group := range seen.Groups[:min(len(seen.Groups), maxGroups)] {
			st.Groups.Names = append(st.Groups.Names, group.DisplayName)
		}
	}
	st.Applications = nil
	if len(seen.AppRoles) > 0 {
		st.Applications = &v1alpha1.ApplicationsStatus{Total: count(len(seen.AppRoles))}
		for _, role := range seen.AppRoles[:min(len(seen.AppRoles), maxApplications)] {
			st.Applications.Items = append(st.Applications.Items, v1alpha1.ApplicationStatus{
				Name: role.Application, Role: role.Role, ViaGroup: role.ViaGroup,
			})
		}
	}
	st.Devices = nil
	if seen.DevicesReason == "" {
		st.Devices = &v1alpha1.DevicesStatus{Total: count(len(seen.Devices))}
		for _, device := range seen.Devices[:min(len(seen.Devices), maxDevices)] {
			st.Devices.Items = append(st.Devices.Items, v1alpha1.DeviceStatus{
				ID: device.ID, Name: device.Name, OperatingSystem: device.OperatingSystem, TrustType: device.TrustType,
				Enabled: knowledge(device.Enabled), Managed: knowledge(device.Managed), Compliant: knowledge(device.Compliant),
			})
		}
	}
	st.ValidatedDevice = knowledge(seen.ValidatedDevice)
}

// licenses lists each SKU once: assigned to the account itself before through a group,
// given before refused.
func licenses(seen inventory.Observation) []v1alpha1.UserLicense {
	var all []v1alpha1.UserLicense
	for _, sku := range seen.SKUs {
		all = append(all, v1alpha1.UserLicense{SKU: sku, Name: skunames.Name(sku)})
	}
	for _, license := range seen.Licenses {
		at := slices.IndexFunc(all, func(l v1alpha1.UserLicense) bool { return l.SKU == license.PartNumber })
		switch {
		case license.Error != "" && at < 0:
			all = append(all, v1alpha1.UserLicense{
				SKU: license.PartNumber, Name: skunames.Name(license.PartNumber), ViaGroup: license.ViaGroup, Error: license.Error,
			})
		case at >= 0 && license.ViaGroup != "" && !assignedDirectly(seen, license.PartNumber):
			all[at].ViaGroup = license.ViaGroup
		}
	}
	return all[:min(len(all), maxLicenses)]
}

func assignedDirectly(seen inventory.Observation, partNumber string) bool {
	return slices.ContainsFunc(seen.Licenses, func(l inventory.License) bool {
		return l.PartNumber == partNumber && l.ViaGroup == "" && l.Error == ""
	})
}

// staleAccount is for how long an account may go without a sign-in before it is an alert.
const staleAccount = 90 * 24 * time.Hour

// alerts are what somebody should look at.
func alerts(s *userScope, now time.Time) []v1alpha1.Alert {
	seen := s.seen
	enabled := seen.User.Enabled == directory.Yes
	var all []v1alpha1.Alert
	add := func(alert v1alpha1.Alert, holds bool) {
		if holds {
			all = append(all, alert)
		}
	}
	add(v1alpha1.AlertLicenseError, slices.ContainsFunc(seen.Licenses, func(l inventory.License) bool { return l.Error != "" }))
	add(v1alpha1.AlertRecentlyLockedOut, !seen.LockedOut.IsZero())
	add(v1alpha1.AlertSharedCanSignIn, enabled && nobodySignsIn(seen))
	add(v1alpha1.AlertStale, enabled && isStale(seen, now))
	add(v1alpha1.AlertSuspendedButLicensed, seen.User.Enabled == directory.No && seen.Licensed == directory.Yes)
	add(v1alpha1.AlertUndeclaredAdmin, isUndeclaredAdmin(s.tenant, seen, s.user.Spec.AllowPrivileged))
	return all
}

// nobodySignsIn is true for mailboxes that nobody has to sign in to. A licensed room is
// a Teams Rooms device, which does.
func nobodySignsIn(seen inventory.Observation) bool {
	switch seen.Type {
	case inventory.AccountShared, inventory.AccountEquipment:
		return true
	case inventory.AccountRoom:
		return seen.Licensed == directory.No
	default:
		return false
	}
}

// isStale tells whether a person has not signed in for long, of whom that is known.
func isStale(seen inventory.Observation, now time.Time) bool {
	person := seen.Type == inventory.AccountPerson || seen.Type == inventory.AccountGuest
	if !person || !seen.SignIn.Known || now.Sub(seen.User.Created) < staleAccount {
		return false
	}
	return now.Sub(seen.SignIn.LastSuccessful) >= staleAccount
}

// isUndeclaredAdmin tells whether an account is an administrator, and nothing in Git says
// so: neither the Tenant's safeguards nor the account's own object.
func isUndeclaredAdmin(tenant *v1alpha1.Tenant, seen inventory.Observation, allowPrivileged bool) bool {
	if seen.Admin != directory.Yes || allowPrivileged || seen.Type == inventory.AccountService {
		return false
	}
	for _, name := range tenant.Spec.Safeguards.Privileged {
		if resolved(tenant, v1alpha1.ReferenceUser, name) == seen.User.ID {
			return false
		}
	}
	for _, entry := range tenant.Spec.Safeguards.Protected {
		if entry.User != "" && resolved(tenant, v1alpha1.ReferenceUser, entry.User) == seen.User.ID {
			return false
		}
	}
	return true
}

// isStaged tells whether an account waits, blocked, for its start.
func isStaged(user *v1alpha1.ManagedUser) bool {
	for _, record := range user.Status.Records {
		if record.Name == plan.RecordStart && record.Phase != v1alpha1.PhaseDone {
			return true
		}
	}
	return false
}

// managerOf is the name of the person's manager, while the object declares one.
func managerOf(s *userScope) string {
	if s.user.Spec.Manager == nil || !s.seen.ManagerKnown || s.seen.Manager == "" {
		return ""
	}
	seen, _ := s.known.ByID(s.seen.Manager)
	return seen.User.UserPrincipalName
}

// tellReleased says which claims were let go.
func (r *ManagedUserReconciler) tellReleased(s *userScope) {
	if len(s.released) == 0 {
		return
	}
	note := "let go of, and left as it is:"
	for _, claim := range s.released {
		note += " " + nounOf(claim.Kind) + " " + claim.Name
		if claim.Qualifier != "" {
			note += " (" + claim.Qualifier + ")"
		}
		note += ";"
	}
	r.Events.Normal(s.user, "ClaimsReleased", "Release", note)
}
