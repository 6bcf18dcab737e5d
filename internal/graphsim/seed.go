package graphsim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
)

// seededTenant describes tenant number i of the options: a small business with its
// own domain, one subscription for nearly everybody, half of them with Entra ID P1.
func seededTenant(opts Options, i int) TenantSpec {
	names := []string{"Contoso", "Fabrikam", "Northwind", "Adventure Works", "Tailspin", "Wingtip", "Litware", "Proseware", "Woodgrove", "Relecloud"}
	name := names[i%len(names)]
	if i >= len(names) {
		name = fmt.Sprintf("%s %d", name, i/len(names)+1)
	}
	label := strings.ToLower(strings.ReplaceAll(name, " ", "-"))
	sku := "SPB"
	if i%2 == 1 {
		sku = "O365_BUSINESS_PREMIUM"
	}
	spec := TenantSpec{
		ID: guid(opts.Seed, "tenant", itoa(uint64(i))), DisplayName: name + " Ltd", Country: "DE",
		Domains: []DomainSpec{{Name: label + ".example", Default: true}, {Name: label + ".onmicrosoft.com"}},
		SKUs:    []SKUSpec{{PartNumber: sku, Enabled: opts.Users + 5}},
	}
	rng := rand.New(rand.NewPCG(opts.Seed, uint64(i))) //nolint:gosec // reproducible on purpose
	taken := map[string]int{}
	for range opts.Users {
		spec.Users = append(spec.Users, seededPerson(rng, label+".example", catalogue()[sku].skuID, taken))
	}
	return spec
}

// seededPerson draws a person with a licence.
func seededPerson(rng *rand.Rand, domain, skuID string, taken map[string]int) map[string]any {
	given := []string{"Alice", "Björn", "Chloë", "David", "Emma", "Fatima", "Georg", "Hannah", "Igor", "Jürgen", "Katrin", "Liam", "Mia", "Noah", "Olga", "Paul", "Sofía", "Tom", "Uwe", "Zoë"}
	family := []string{"Adler", "O'Brien", "Çelik", "Dubois", "Eriksson", "Fischer", "García", "Huber", "Ivanov", "Jansen", "Kowalski", "Lehmann", "Müller", "Nguyen", "Özdemir", "Peters", "Rossi", "Schäfer", "Turner", "van Dijk"}
	departments := []string{"Sales", "Finance", "Engineering", "Operations", "People"}
	first, last := given[rng.IntN(len(given))], family[rng.IntN(len(family))]
	nickname := mailName(first) + "." + mailName(last)
	taken[nickname]++
	if n := taken[nickname]; n > 1 {
		nickname = fmt.Sprintf("%s%d", nickname, n)
	}
	upn := nickname + "@" + domain
	return map[string]any{
		"userPrincipalName": upn, "mail": upn, "mailNickname": nickname, "proxyAddresses": []string{"SMTP:" + upn},
		"displayName": first + " " + last, "givenName": first, "surname": last, "usageLocation": "DE",
		"department": departments[rng.IntN(len(departments))], "preferredLanguage": "de-DE",
		"assignedLicenses": []assignedLicense{{DisabledPlans: []string{}, SKUID: skuID}},
	}
}

// mailName folds a name to the letters that mail names use.
func mailName(name string) string {
	fold := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ö", "Oe", "Ü", "Ue", "Ä", "Ae", "ß", "ss", "ç", "c", "Ç", "C", "ë", "e", "í", "i", "á", "a")
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && r != '\'' {
			return -1
		}
		return r
	}, fold.Replace(name)))
}
