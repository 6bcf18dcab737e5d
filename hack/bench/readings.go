package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// feed is one kind of information that the manager reads at a pace of its own.
type feed string

const (
	feedUsers         feed = "users"
	feedRegistrations feed = "registrations"
	feedMemberships   feed = "memberships"
	feedMailboxes     feed = "mailboxes"
	feedSignIns       feed = "signIns"
)

// cost is what one reading of a feed takes of one tenant, on average.
type cost struct {
	// pages are requests, units their resource units.
	pages, units float64
}

// source says which feed a request is for.
type source struct {
	path string // a beginning of its template
	feed feed
	// leads is true for the request that every reading makes once.
	leads bool
}

// sources are in the order in which they are compared. Sign-in dates come from /users as
// well, but are held back.
func sources() []source {
	return []source{
		{"/users/delta", feedUsers, true},
		{"/users/{id}/mailboxSettings", feedMailboxes, true},
		{"/users", "licenseStates", true},
		{"/organization", "organization", true},
		{"/domains", "organization", false},
		{"/subscribedSkus", "licenses", true},
		{"/roleManagement/directory/roleDefinitions", "roles", false},
		{"/roleManagement/directory/roleAssignments", "roles", true},
		{"/roleManagement", "roles", false},
		{"/directoryRoles", "roles", false},
		{"/groups/delta", feedMemberships, true},
		{"/groups", "roles", false}, // members of groups that hold roles
		{"/places", "rooms", true},
		{"/reports/authenticationMethods", feedRegistrations, true},
		{"/policies/identitySecurityDefaultsEnforcementPolicy", "policies", true},
		{"/identity/conditionalAccess", "policies", false},
		{"/devices", "devices", true},
		{"/deviceManagement/managedDevices", "managedDevices", true},
		{"/auditLogs/signIns", "lockouts", true},
	}
}

// intervals are the times between two readings of each feed.
func intervals() map[feed]time.Duration {
	every := inventory.DefaultFeedIntervals()
	return map[feed]time.Duration{
		"organization": every.Organization, "licenses": every.Licenses, "roles": every.Roles, "rooms": every.Rooms,
		feedRegistrations: every.Registrations, "policies": every.Policies, feedMemberships: every.Memberships,
		"licenseStates": every.LicenseStates, "devices": every.Devices, "managedDevices": every.Devices,
		"lockouts": every.Lockouts, feedSignIns: every.SignIns,
	}
}

// readFeedCosts finds out from the journal what the readings cost so far.
func (w *world) readFeedCosts(ctx context.Context) (map[feed]cost, error) {
	entries, err := w.Graph.Requests(ctx, "", 0)
	if err != nil {
		return nil, err
	}
	return feedCosts(entries, w.tenants)
}

// feedCosts divides what was asked for each feed by how often it was read.
func feedCosts(entries []graphsim.Entry, tenants int) (map[feed]cost, error) {
	type sum struct{ pages, units, readings float64 }
	sums := map[feed]*sum{}
	for i := range entries {
		e := &entries[i]
		if e.Fault != "" {
			continue // held back
		}
		from, ok := sourceOf(e.Template)
		if !ok {
			return nil, fmt.Errorf("no feed is known to read %s %s", e.Method, e.Template)
		}
		s := sums[from.feed]
		if s == nil {
			s = &sum{}
			sums[from.feed] = s
		}
		s.pages++
		s.units += float64(e.RU)
		if from.leads && !strings.Contains(e.Query, "token=") {
			s.readings++
		}
	}
	costs := map[feed]cost{}
	for name, s := range sums {
		// Of the feeds that some tenants refuse or do not have, all tenants bear a share.
		readings := max(s.readings, float64(tenants))
		costs[name] = cost{pages: s.pages / readings, units: s.units / readings}
	}
	return costs, nil
}

func sourceOf(template string) (source, bool) {
	for _, s := range sources() {
		if strings.HasPrefix(template, s.path) {
			return s, true
		}
	}
	return source{}, false
}

// signInPage is the most that a page with sign-in dates holds
// (https://learn.microsoft.com/graph/api/user-list).
const signInPage = 500

// usersPage is the most that a page of users/delta holds
// (https://learn.microsoft.com/answers/a/2052165, by Microsoft's staff).
const usersPage = 200

// perInterval is what a settled tenant costs in every interval in which its users are read
// once: the feeds' readings, and those of all users and groups from the beginning, spread
// over the times between them, which are the longer the more calls they take. users is
// the cost of one reading of the users in which little or nothing changed.
func perInterval(readings map[feed]cost, users cost, people int, interval time.Duration) cost {
	total := users
	spread := func(reading cost, every time.Duration) {
		share := float64(interval) / float64(every)
		total.pages += share * reading.pages
		total.units += share * reading.units
	}
	for name, every := range intervals() {
		reading, ok := readings[name]
		switch name {
		case feedSignIns:
			reading, ok = pagesOf(people, signInPage), true
		case feedMemberships: // what was read first was everything, later it is what changed
			spread(reading, inventory.ListingInterval(int(reading.pages)))
			reading = cost{1, 1}
		}
		if ok {
			spread(reading, inventory.FeedInterval(every, int(reading.pages)))
		}
	}
	listing := pagesOf(people, usersPage)
	spread(listing, inventory.ListingInterval(int(listing.pages)))
	return total
}

// pagesOf is the cost of so many people in pages of a resource unit each.
func pagesOf(people, size int) cost {
	pages := float64((people + size - 1) / size)
	return cost{pages, pages}
}
