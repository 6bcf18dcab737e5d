package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// feed is one kind of information that the manager reads at a pace of its own.
type feed string

const (
	feedUsers         feed = "users" // what changed among them
	feedUserList      feed = "userList"
	feedMemberships   feed = "memberships" // what changed among groups and their members
	feedGroupList     feed = "groupList"
	feedOrganization  feed = "organization"
	feedLicenses      feed = "licenses"
	feedLicenseStates feed = "licenseStates"
	feedRoles         feed = "roles"
	feedRooms         feed = "rooms"
	feedRegistrations feed = "registrations"
	feedPolicies      feed = "policies"
	feedDevices       feed = "devices"
	feedManaged       feed = "managedDevices"
	feedLockouts      feed = "lockouts"
	feedMailboxes     feed = "mailboxes" // once for every account
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
		{"/users", feedLicenseStates, true},
		{"/organization", feedOrganization, true},
		{"/domains", feedOrganization, false},
		{"/subscribedSkus", feedLicenses, true},
		{"/roleManagement/directory/roleAssignments", feedRoles, true},
		{"/roleManagement", feedRoles, false},
		{"/groups/delta", feedMemberships, true},
		{"/groups", feedRoles, false}, // members of groups that hold roles
		{"/places", feedRooms, true},
		{"/reports/authenticationMethods", feedRegistrations, true},
		{"/policies", feedPolicies, true},
		{"/identity/conditionalAccess", feedPolicies, false},
		{"/devices", feedDevices, true},
		{"/deviceManagement/managedDevices", feedManaged, true},
		{"/auditLogs/signIns", feedLockouts, true},
	}
}

// sourceOf finds the feed of a request. A delta query that goes on from a token reads what
// changed, any other everything
// (https://learn.microsoft.com/graph/delta-query-overview).
func sourceOf(e *graphsim.Entry) (source, error) {
	for _, s := range sources() {
		if !strings.HasPrefix(e.Template, s.path) {
			continue
		}
		if !hasToken(e, deltaToken) {
			switch s.feed {
			case feedUsers:
				s.feed = feedUserList
			case feedMemberships:
				s.feed = feedGroupList
			default:
			}
		}
		s.leads = s.leads && !hasToken(e, skipToken)
		return s, nil
	}
	return source{}, fmt.Errorf("no feed is known to ask for %s %s", e.Method, e.Template)
}

// Tokens by which a delta query goes on: for what changed since, or with the next page.
const (
	deltaToken = "deltatoken="
	skipToken  = "skiptoken="
)

// hasToken tells whether a request goes on from a token.
func hasToken(e *graphsim.Entry, token string) bool {
	return strings.Contains(strings.ToLower(e.Query), token)
}

// readJournal finds out what the readings cost so far, and what the manager asks for.
func (w *world) readJournal(ctx context.Context) error {
	entries, err := w.Graph.Requests(ctx, "", 0)
	if err != nil {
		return err
	}
	if w.selected, err = selectedIn(entries); err != nil {
		return err
	}
	w.readings, err = feedCosts(entries, w.tenants)
	return err
}

// selectedIn are the properties of users that a client asked for.
func selectedIn(entries []graphsim.Entry) (string, error) {
	for i := range entries {
		if query, err := url.ParseQuery(entries[i].Query); err == nil && entries[i].Template == "/users/delta" && query.Has("$select") {
			return query.Get("$select"), nil
		}
	}
	return "", errors.New("the journal does not tell what the manager selects in users/delta")
}

// feedCosts divides what was asked for each feed by how often it was read. Of what only
// some tenants have or allow, all tenants bear a share.
func feedCosts(entries []graphsim.Entry, tenants int) (map[feed]cost, error) {
	costs, readings := map[feed]cost{}, map[feed]int{}
	for i := range entries {
		e := &entries[i]
		if e.Fault != "" {
			continue // held back
		}
		from, err := sourceOf(e)
		if err != nil {
			return nil, err
		}
		c := costs[from.feed]
		c.pages++
		c.units += float64(e.RU)
		costs[from.feed] = c
		if from.leads {
			readings[from.feed]++
		}
	}
	for name, c := range costs {
		n := float64(max(readings[name], tenants))
		costs[name] = cost{c.pages / n, c.units / n}
	}
	return costs, nil
}

// signInPage is the most that a page with sign-in dates holds
// (https://learn.microsoft.com/graph/api/user-list).
const signInPage = 500

// perInterval is what a settled tenant costs every time that its changes are read: those,
// and the other readings spread over the intervals that they really have.
func perInterval(readings map[feed]cost, changes cost, people int, interval time.Duration) cost {
	total := changes
	add := func(name feed, every func(calls int) time.Duration) {
		reading := readings[name]
		switch name {
		case feedSignIns: // held back here
			pages := float64((people + signInPage - 1) / signInPage)
			reading = cost{pages, pages}
		case feedMemberships: // of which none may have been read yet but the list
			reading = cost{1, 1}
		default:
		}
		share := float64(interval) / float64(every(int(reading.pages)))
		total.pages += share * reading.pages
		total.units += share * reading.units
	}
	for name, every := range feedIntervals() {
		add(name, func(calls int) time.Duration { return inventory.FeedInterval(inventory.FeedName(name), every, calls) })
	}
	add(feedUserList, inventory.ListingInterval)
	add(feedGroupList, inventory.ListingInterval)
	return total
}

// feedIntervals are the times between two readings of feeds that take few calls. A feed
// that is due waits for the next reading of the users, so that it wakes none of its own.
func feedIntervals() map[feed]time.Duration {
	every := inventory.DefaultFeedIntervals()
	return map[feed]time.Duration{
		feedOrganization: every.Organization, feedLicenses: every.Licenses, feedLicenseStates: every.LicenseStates,
		feedRoles: every.Roles, feedRooms: every.Rooms, feedMemberships: every.Memberships,
		feedRegistrations: every.Registrations, feedPolicies: every.Policies,
		feedDevices: every.Devices, feedManaged: every.Devices, feedLockouts: every.Lockouts, feedSignIns: every.SignIns,
	}
}
