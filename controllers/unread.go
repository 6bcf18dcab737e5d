package controllers

import (
	"slices"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
	"github.com/m365-operator/m365-operator/internal/safeguard"
)

// onceRead is the subject as it is at best when everything about it has been read. A
// refusal that does not hold then is none yet.
func onceRead(unread inventory.UnreadFeeds, subject safeguard.Subject) safeguard.Subject {
	if subject.Admin == directory.Unknown && unread.Any(inventory.FeedRoles, inventory.FeedLicenses) {
		subject.Admin = directory.No
	}
	if subject.Protected == directory.Unknown && unread.Any(inventory.FeedGroups) {
		subject.Protected = directory.No
	}
	return subject
}

// keepUnread puts back what was last said about an account, as far as it has not been
// read in this process: that the operator began anew is no news about a person.
func keepUnread(st, before *v1alpha1.ManagedUserStatus, unread inventory.UnreadFeeds, seen inventory.Observation) {
	if before.MFA != nil && seen.MFA.Reason == inventory.ReasonNotRead {
		st.MFA = before.MFA
	}
	if before.LastSignIn != nil && seen.SignIn.Reason == inventory.ReasonNotRead {
		st.LastSignIn = before.LastSignIn
	}
	if before.Admin != "" && seen.Admin == directory.Unknown && unread.Any(inventory.FeedRoles, inventory.FeedLicenses) {
		st.Admin, st.Roles = before.Admin, before.Roles
	}
	if before.AccountType != "" && seen.Type == inventory.AccountUnknown && unread.Any(inventory.FeedRooms, inventory.FeedRoles, inventory.FeedMailboxes) {
		st.AccountType = before.AccountType
	}
	keepUnreadBelongings(st, before, unread, seen)
	keepUnreadAlerts(st, before, unread)
}

// keepUnreadBelongings puts back what the account was last said to have and belong to.
func keepUnreadBelongings(st, before *v1alpha1.ManagedUserStatus, unread inventory.UnreadFeeds, seen inventory.Observation) {
	if before.Groups != nil && seen.GroupsReason == inventory.ReasonNotRead {
		st.Groups = before.Groups
	}
	if before.Devices != nil && seen.DevicesReason == inventory.ReasonNotRead {
		st.Devices = before.Devices
	}
	if before.ValidatedDevice != "" && unread.Any(inventory.FeedDevices, inventory.FeedManagedDevices) {
		st.ValidatedDevice = before.ValidatedDevice
	}
	if before.Applications != nil && unread.Any(inventory.FeedApplications) {
		st.Applications = before.Applications
	}
	if before.Manager != "" && unread.Any(inventory.FeedManagers) {
		st.Manager = before.Manager
	}
}

// keepUnreadAlerts puts back the alerts that rest on what has not been read.
func keepUnreadAlerts(st, before *v1alpha1.ManagedUserStatus, unread inventory.UnreadFeeds) {
	for _, rests := range []struct {
		alert v1alpha1.Alert
		on    inventory.FeedName
	}{
		{v1alpha1.AlertRecentlyLockedOut, inventory.FeedLockouts},
		{v1alpha1.AlertSharedCanSignIn, inventory.FeedMailboxes},
		{v1alpha1.AlertStale, inventory.FeedSignIns},
		{v1alpha1.AlertUndeclaredAdmin, inventory.FeedRoles},
	} {
		if slices.Contains(before.Alerts, rests.alert) && !slices.Contains(st.Alerts, rests.alert) && unread.Any(rests.on) {
			st.Alerts = append(st.Alerts, rests.alert)
		}
	}
	slices.Sort(st.Alerts)
}

// keepUnreadFeeds puts back what was last said about a tenant, as far as it has not
// been read in this process, and returns the feeds with what was last said of those.
func keepUnreadFeeds(st, before *v1alpha1.TenantStatus, feeds []v1alpha1.Feed) []v1alpha1.Feed {
	for i, feed := range feeds {
		at := slices.IndexFunc(before.Feeds, func(old v1alpha1.Feed) bool { return old.Name == feed.Name })
		if at < 0 || feed.Reason != string(inventory.ReasonNotRead) {
			continue
		}
		feeds[i] = before.Feeds[at]
		switch inventory.FeedName(feed.Name) {
		case inventory.FeedOrganization:
			st.Domains = before.Domains
		case inventory.FeedLicenses:
			st.Licenses = before.Licenses
		case inventory.FeedPolicies:
			st.MFAPolicy = before.MFAPolicy
		case inventory.FeedRoles:
			keepCounts(st, before, func(to, from *v1alpha1.UserCounts) {
				to.Admins, to.UndeclaredAdmins = from.Admins, from.UndeclaredAdmins
			})
			st.UndeclaredAdmins = before.UndeclaredAdmins
		case inventory.FeedRegistrations:
			keepCounts(st, before, func(to, from *v1alpha1.UserCounts) {
				to.MFARegistered, to.MFANotRegistered = from.MFARegistered, from.MFANotRegistered
				to.MFAUnknown, to.MFANotApplicable = from.MFAUnknown, from.MFANotApplicable
			})
		default:
		}
	}
	return feeds
}

func keepCounts(st, before *v1alpha1.TenantStatus, keep func(to, from *v1alpha1.UserCounts)) {
	if st.Users != nil && before.Users != nil {
		keep(st.Users, before.Users)
	}
}
