package graphsim

import (
	"slices"
	"strings"
)

const primaryAddress, otherAddress = "SMTP:", "smtp:"

// withPrimary makes an address the primary one of an account's proxy addresses; the
// one before stays as another (resources/user.md, "mail and proxyAddresses
// properties").
func withPrimary(u *user, address string) []string {
	v, _ := u.get(propProxyAddresses)
	held, _ := v.([]string)
	proxies := []string{primaryAddress + address}
	for _, proxy := range held {
		if plain, ok := strings.CutPrefix(proxy, primaryAddress); ok {
			proxy = otherAddress + plain
		}
		if !strings.EqualFold(proxy, otherAddress+address) {
			proxies = append(proxies, proxy)
		}
	}
	return proxies
}

// addressesOf lists the mail addresses that an account keeps others from having.
func addressesOf(u *user) []string {
	var addresses []string
	if mail := u.str(propMail); mail != "" {
		addresses = append(addresses, strings.ToLower(mail))
	}
	v, _ := u.get(propProxyAddresses)
	proxies, _ := v.([]string)
	for _, proxy := range proxies {
		lower := strings.ToLower(proxy)
		if address, ok := strings.CutPrefix(lower, otherAddress); ok && !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// addressHolder finds who has a mail address: addresses are unique over users and
// groups. The index is made when it is first asked for, since most tenants never do.
func (t *tenant) addressHolder(address string) (object string, taken bool) {
	address = strings.ToLower(address)
	if t.addresses == nil {
		t.addresses = map[string]string{}
		for _, r := range t.users {
			if r.live() {
				t.indexAddresses(nil, r.current)
			}
		}
	}
	if id, ok := t.addresses[address]; ok {
		return "User_" + id, true
	}
	for _, g := range t.groups {
		if strings.EqualFold(g.mail, address) {
			return "Group_" + g.id, true
		}
	}
	return "", false
}

// indexAddresses notes that an account came, went or changed its addresses.
func (t *tenant) indexAddresses(before, after *user) {
	if t.addresses == nil {
		return
	}
	if before != nil {
		for _, address := range addressesOf(before) {
			if t.addresses[address] == before.id {
				delete(t.addresses, address)
			}
		}
	}
	if after != nil {
		for _, address := range addressesOf(after) {
			t.addresses[address] = after.id
		}
	}
}

// checkAddress refuses a mail address that another object has. self may be empty.
func (t *tenant) checkAddress(self, address string) error {
	holder, taken := t.addressHolder(address)
	if !taken || holder == "User_"+self {
		return nil
	}
	message := "Another object with the same value for property proxyAddresses already exists."
	return badRequest(message,
		errorDetail{"ObjectConflict", message, "proxyAddresses"}, errorDetail{"ConflictingObjects", message, holder})
}
