package graphsim

import (
	"slices"
	"strconv"
	"strings"
)

// company is whose tenant it is.
type company struct {
	name    string
	domain  string
	country string // ISO 3166
	// founders took the short addresses, first name only.
	founders []fullName
}

// companyAt names tenant number i. The first are Microsoft's fictional companies
// with domains Microsoft owns; the rest are made up, in a top-level domain that can
// never exist (RFC 2606).
func companyAt(i int) company {
	known := knownCompanies()
	if i < len(known) {
		return known[i]
	}
	return inventedCompany(i - len(known))
}

func knownCompanies() []company {
	return []company{
		{"Contoso Ltd", "contoso.com", "DE", []fullName{{"Alice", "Berger"}, {"Bob", "Hartmann"}, {"Carol", "Nowak"}}},
		{"Fabrikam Inc", "fabrikam.com", "US", []fullName{{"Dave", "Kim"}, {"Erin", "Walsh"}}},
		{"Adventure Works Cycles", "adventure-works.com", "GB", []fullName{{"Frank", "Sørensen"}}},
		{"Northwind Traders", "northwindtraders.com", "US", nil},
		{"Tailspin Toys", "tailspintoys.com", "GB", nil},
		{"Wingtip Toys", "wingtiptoys.com", "DE", nil},
		{"Litware", "litwareinc.com", "US", nil},
		{"Proseware", "proseware.com", "GB", nil},
		{"Woodgrove Bank", "woodgrovebank.com", "CH", nil},
		{"Relecloud", "relecloud.com", "US", nil},
		{"Fourth Coffee", "fourthcoffee.com", "US", nil},
		{"Alpine Ski House", "alpineskihouse.com", "AT", nil},
		{"Coho Winery", "cohowinery.com", "US", nil},
		{"Graphic Design Institute", "graphicdesigninstitute.com", "GB", nil},
		{"Humongous Insurance", "humongousinsurance.com", "US", nil},
		{"Lucerne Publishing", "lucernepublishing.com", "CH", nil},
		{"Margie's Travel", "margiestravel.com", "US", nil},
		{"Southridge Video", "southridgevideo.com", "GB", nil},
		{"Trey Research", "treyresearch.net", "DE", nil},
		{"Wide World Importers", "wideworldimporters.com", "US", nil},
	}
}

// inventedCompany combines parts; after all combinations a number follows.
func inventedCompany(i int) company {
	firsts := []string{"Bluebird", "Harbour", "Kestrel", "Linden", "Maple", "Northgate", "Oakfield", "Pebble", "Quarry", "Rosewood", "Silverline", "Tern", "Upland", "Vale", "Westend", "Yew", "Amber", "Birch", "Cedar", "Dune"}
	trades := []string{"Dental", "Logistics", "Architects", "Accounting", "Brewing", "Joinery", "Pharmacy", "Legal", "Bakery", "Surveyors", "Robotics", "Clinic", "Print", "Textiles", "Plumbing", "Media", "Farms", "Optics", "Security", "Motors"}
	countries := []string{"DE", "GB", "US", "AT", "CH"}
	name := firsts[i%len(firsts)] + " " + trades[(i/len(firsts)+i)%len(trades)]
	if round := i / (len(firsts) * len(trades)); round > 0 {
		name += " " + strconv.Itoa(round+1)
	}
	domain := strings.ToLower(strings.ReplaceAll(name, " ", "-")) + ".example"
	return company{name: name, domain: domain, country: countries[i%len(countries)]}
}

// initialDomain is the name under onmicrosoft.com that the tenant began with.
func (c company) initialDomain() string {
	label, _, _ := strings.Cut(c.domain, ".")
	return strings.ReplaceAll(label, "-", "") + ".onmicrosoft.com"
}

// shortName is how people speak of the company.
func (c company) shortName() string {
	words := strings.Fields(c.name)
	if n := len(words); n > 1 && slices.Contains([]string{"Ltd", "Inc"}, words[n-1]) {
		words = words[:n-1]
	}
	return strings.Join(words, " ")
}

// activeDirectory is the on-premises domain that a hybrid company still has.
func (c company) activeDirectory() string { return "ad." + c.domain }

// language is what the company's people prefer.
func (c company) language() string {
	switch c.country {
	case "US":
		return "en-US"
	case "GB":
		return "en-GB"
	default:
		return "de-" + c.country
	}
}

// phone makes numbers of the ranges that regulators keep for fiction.
func (c company) phone(n int) (business, mobile string) {
	last3, last4 := pad(n%1000, 3), pad(n%10000, 4)
	switch c.country {
	case "US":
		return "+1 425 555 0" + pad(n%200, 3), "+1 206 555 0" + pad(n%200, 3)
	case "GB":
		return "+44 20 7946 0" + last3, "+44 7700 900" + last3
	default:
		return "+49 30 23125 " + last3, "+49 171 392" + last4
	}
}

// offices are where its people sit.
func (c company) offices() []string {
	switch c.country {
	case "US":
		return []string{"Redmond", "Bellevue", "Remote"}
	case "GB":
		return []string{"London", "Reading", "Remote"}
	case "AT":
		return []string{"Innsbruck", "Wien"}
	case "CH":
		return []string{"Luzern", "Zürich"}
	default:
		return []string{"Berlin", "Hamburg", "Homeoffice"}
	}
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, width-len(s))) + s
}
