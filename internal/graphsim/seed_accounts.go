package graphsim

import (
	"strconv"
	"strings"
)

// breakGlass is the account for emergencies: Global Administrator, excluded from
// conditional access, with a security key, hardly ever used.
func (g *seeding) breakGlass() error {
	upn := "breakglass@" + g.company.domain
	d := g.draftOf("Break Glass Account")
	d.created = g.t.created
	d.set(propLastPasswordChange, d.created).set(propSignInSessionsValidFrom, d.created)
	d.set(propMailNickname, "breakglass").set(propPasswordPolicies, "DisablePasswordExpiration")
	g.signedIn(d, upn, 400)
	g.people.Roles = append(g.people.Roles, RoleSpec{Role: "Global Administrator", Principal: upn})
	g.registers(upn, methodSet{methods: []string{"passKeyDeviceBound"}, preferred: "none"})
	return g.add(upn, d)
}

// syncAccount is what Microsoft Entra Connect makes for itself.
func (g *seeding) syncAccount() error {
	nickname := "Sync_DC01_" + strings.ReplaceAll(guid(g.t.seed, g.t.id, "connector"), "-", "")[:12]
	upn := nickname + "@" + g.company.initialDomain()
	d := g.draftOf("On-Premises Directory Synchronization Service Account")
	d.created = g.t.created
	d.set(propMailNickname, nickname).set(propPasswordPolicies, "DisablePasswordExpiration")
	d.set(propLastPasswordChange, d.created)
	g.signedIn(d, upn, 1)
	g.people.Roles = append(g.people.Roles, RoleSpec{Role: "Directory Synchronization Accounts", Principal: upn})
	return g.add(upn, d)
}

// meetingRoom is a room mailbox: its account is blocked and needs no licence.
func (g *seeding) meetingRoom() error {
	planets := []string{"Mars", "Venus", "Jupiter", "Saturn", "Neptune", "Mercury", "Uranus", "Pluto"}
	name := planets[g.rooms%len(planets)]
	if floor := g.rooms / len(planets); floor > 0 {
		name += " " + strconv.Itoa(floor+1)
	}
	d := g.room("Meeting Room "+name, "room-"+addressPart(name))
	d.draft.set(propAccountEnabled, false)
	return g.addRoom(d)
}

// teamsRoom is a room with a device that signs in by itself.
func (g *seeding) teamsRoom() error {
	d := g.room("Boardroom (Teams Room)", "mtr-boardroom")
	g.license(d.draft, g.products.room)
	g.signedIn(d.draft, d.upn, 2)
	d.draft.set(propPasswordPolicies, "DisablePasswordExpiration")
	return g.addRoom(d)
}

type roomDraft struct {
	draft *draft
	upn   string
	spec  RoomSpec
}

func (g *seeding) room(display, nickname string) roomDraft {
	g.rooms++
	upn := nickname + "@" + g.company.domain
	d := g.draftOf(display).mailbox(nickname, upn, g.company.initialDomain())
	d.set(propUsageLocation, g.company.country)
	d.purpose = MailboxRoom
	return roomDraft{d, upn, RoomSpec{
		DisplayName: display, EmailAddress: upn, Building: g.offices[0], FloorNumber: 1 + g.rooms/8, Capacity: 4 + 2*(g.rooms%5),
	}}
}

func (g *seeding) addRoom(r roomDraft) error {
	g.people.Rooms = append(g.people.Rooms, r.spec)
	return g.add(r.upn, r.draft)
}

// sharedMailbox belongs to a team: its account is blocked and needs no licence.
func (g *seeding) sharedMailbox() error {
	purposes := []string{"Info", "Invoices", "Support", "Orders", "Jobs", "Press", "Returns", "Events"}
	purpose := purposes[g.shared%len(purposes)]
	if round := g.shared / len(purposes); round > 0 {
		purpose += " " + strconv.Itoa(round+1)
	}
	g.shared++
	nickname := addressPart(purpose)
	upn := nickname + "@" + g.company.domain
	d := g.draftOf(g.company.shortName()+" "+purpose).mailbox(nickname, upn, g.company.initialDomain())
	d.set(propAccountEnabled, false)
	d.purpose = MailboxShared
	return g.add(upn, d)
}

// beamer is an equipment mailbox: people book it like a room.
func (g *seeding) beamer() error {
	upn := "beamer@" + g.company.domain
	d := &draft{created: g.t.created, purpose: MailboxEquipment}
	d.set(propDisplayName, "Beamer").set(propUserType, "Member").set(propAccountEnabled, false)
	d.set(propSignInSessionsValidFrom, d.created).set(propLastPasswordChange, d.created)
	return g.add(upn, d.mailbox("beamer", upn, g.company.initialDomain()))
}

func addressPart(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// guest works for another company and has accepted the invitation.
func (g *seeding) guest() error {
	d, upn := g.invite()
	g.signedIn(d, upn, 60)
	d.set(propExternalUserState, "Accepted")
	return g.add(upn, d)
}

// pendingGuest has not accepted the invitation yet.
func (g *seeding) pendingGuest() error {
	d, upn := g.invite()
	d.set(propExternalUserState, "PendingAcceptance")
	return g.add(upn, d)
}

// invite makes the account Microsoft Entra ID keeps of somebody else's person: the
// address with an underscore for the at sign, and #EXT#.
func (g *seeding) invite() (*draft, string) {
	homes := []string{"proseware.com", "litwareinc.com", "treyresearch.net", "woodgrovebank.com", "northwindtraders.com"}
	name := g.names.draw(g.rng)
	address := g.names.mailName(name.given) + "." + g.names.mailName(name.family)
	g.guests++
	if n := g.guests / len(homes); n > 0 {
		address += strconv.Itoa(n)
	}
	address += "@" + homes[g.guests%len(homes)]
	nickname := strings.ReplaceAll(address, "@", "_") + "#EXT#"
	d := g.draftOf(name.display())
	d.set(propUserType, "Guest").set(propCreationType, "Invitation").set(propMail, address).
		set(propMailNickname, nickname).set(propOtherMails, []string{address})
	return d, nickname + "@" + g.company.initialDomain()
}
