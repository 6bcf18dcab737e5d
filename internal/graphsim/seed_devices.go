package graphsim

import (
	"math/rand/v2"
	"strings"
	"time"
)

// detailedTenant is the largest seeded tenant whose people have devices and a
// sign-in log: of larger ones nobody looks at that detail.
const detailedTenant = 500

// detail gives people devices and a sign-in log. It draws from a source of its own,
// so that the people are the same with and without.
func (g *seeding) detail() {
	if g.size > detailedTenant {
		return
	}
	g.rng = rand.New(rand.NewPCG(g.t.seed, 1<<32+uint64(g.index))) //nolint:gosec // reproducible on purpose
	for i, id := range g.staff() {
		g.laptop(i, g.t.users[id].current)
		g.phoneOf(g.t.users[id].current)
		g.signInsOf(i, g.t.users[id].current)
	}
}

// laptop is what nine in ten work with. Where there is Intune most are joined,
// managed and compliant, some managed and not compliant, some only registered.
func (g *seeding) laptop(number int, u *user) {
	kind := g.rng.IntN(100)
	if kind >= 90 {
		return
	}
	name := strings.ToUpper(strings.Split(g.company.domain, ".")[0])
	d := DeviceSpec{
		DisplayName: name[:min(8, len(name))] + "-LT-" + pad(number+1, 3), TrustType: "AzureAd", OperatingSystem: "Windows",
		OperatingSystemVersion: "10.0.26100.4061", Manufacturer: "LENOVO", Model: "ThinkPad T14 Gen 5", Owners: []string{u.id},
		LastSignIn: g.between(g.now.AddDate(0, 0, -20), g.now), Registered: g.between(u.time(propCreatedDateTime), g.now.AddDate(0, 0, -20)),
	}
	if u.boolean(propOnPremisesSyncEnabled) {
		d.TrustType = "ServerAd"
	}
	yes, no := true, false
	switch {
	case !g.premium:
		d.IsManaged = &no
	case kind < 68:
		d.IsCompliant, d.IsManaged = &yes, &yes
	case kind < 78:
		d.IsCompliant, d.IsManaged = &no, &yes
	default:
		d.DisplayName = "DESKTOP-" + strings.ToUpper(guid(g.t.seed, u.id, "desktop")[:7])
		d.TrustType, d.IsManaged = "Workplace", &no
	}
	g.addDevice(d, u)
}

// phoneOf is the phone of four in ten, their own; half of them let Intune manage it.
func (g *seeding) phoneOf(u *user) {
	kind := g.rng.IntN(100)
	if kind >= 40 {
		return
	}
	d := DeviceSpec{
		ID: guid(g.t.seed, u.id, "phone"), DeviceID: guid(g.t.seed, u.id, "phone itself"), DisplayName: u.str(propGivenName) + "'s iPhone", TrustType: "Workplace", OperatingSystem: "iOS",
		OperatingSystemVersion: "18.5", Manufacturer: "Apple", Model: "iPhone 15", Owners: []string{u.id},
		LastSignIn: g.between(g.now.AddDate(0, 0, -5), g.now), Registered: g.between(u.time(propCreatedDateTime), g.now.AddDate(0, 0, -5)),
	}
	if yes := true; g.premium && kind < 20 {
		d.IsCompliant, d.IsManaged = &yes, &yes
	}
	g.addDevice(d, u)
}

// addDevice adds a device, and what Intune knows of it if it manages it.
func (g *seeding) addDevice(d DeviceSpec, u *user) {
	if d.DeviceID == "" {
		d.DeviceID = guid(g.t.seed, g.t.id, "device itself", d.DisplayName)
	}
	g.people.Devices = append(g.people.Devices, d)
	if d.IsManaged == nil || !*d.IsManaged {
		return
	}
	m := ManagedDeviceSpec{
		DeviceID: d.DeviceID, DeviceName: d.DisplayName, User: u.id, Compliance: "noncompliant", Owner: "company",
		OperatingSystem: d.OperatingSystem, OSVersion: d.OperatingSystemVersion, Manufacturer: d.Manufacturer, Model: d.Model,
		SerialNumber: strings.ToUpper(strings.ReplaceAll(guid(g.t.seed, d.DeviceID, "serial"), "-", "")[:10]), Encrypted: true,
		Enrolled: d.Registered, LastSync: g.between(d.LastSignIn.Add(-8*time.Hour), g.now),
	}
	if *d.IsCompliant {
		m.Compliance = "compliant"
	}
	if d.TrustType == "Workplace" {
		m.Owner = "personal"
	}
	g.people.ManagedDevices = append(g.people.ManagedDevices, m)
}

// signInsOf is how a person signed in of late. The fifth person of a company with
// Entra ID P1 forgot the password this morning.
func (g *seeding) signInsOf(number int, u *user) {
	activity, ok := g.t.signIns[u.id]
	if !ok || activity.LastSignInDateTime == nil {
		return
	}
	last := *activity.LastSignInDateTime
	for _, at := range []time.Time{last.AddDate(0, 0, -1), last} {
		g.people.SignIns = append(g.people.SignIns, SignInSpec{User: u.id, Created: at})
	}
	if number != 4 || !g.premium {
		return
	}
	for minute := range 12 {
		code := 50126
		if minute >= 10 {
			code = 50053
		}
		g.people.SignIns = append(g.people.SignIns, SignInSpec{User: u.id, ErrorCode: code, Created: g.now.Add(time.Duration(minute-60) * time.Minute)})
	}
}
