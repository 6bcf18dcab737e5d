package graphsim

import (
	"math/rand/v2"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fullName is a person's name.
type fullName struct {
	given, family string
}

func (n fullName) display() string { return n.given + " " + n.family }

// namePool is what ordinary names are drawn from, and how they are spelled.
type namePool struct {
	given, family []string
	spelling      *strings.Replacer
}

func newNamePool() namePool {
	return namePool{
		spelling: strings.NewReplacer(
			"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "ø", "oe", "å", "aa", "æ", "ae", "ł", "l", "ı", "i",
		),
		given: strings.Fields(`Adam Aisha Amelie Anna Anton Ben Björn Camille Charlotte Chloë Clara Daniel Daria David
			Deniz Elena Elias Emil Emma Erik Eva Fatima Felix Finn Florian Georg Giulia Grace Hana Hannah Hassan Henry Ida
			Igor Ines Isabel Ivan Jakob Jan Jana Jonas Julia Jürgen Karin Katrin Kenji Klara Lars Laura Lea Léa Leon Liam
			Lina Lucas Luisa Łukasz Maja Marco Maria Marie Martin Matteo Max Maya Mia Michael Mohammed Nadia Nicole Nils
			Noah Nora Olga Oliver Omar Oscar Paul Paula Pedro Petra Philipp Priya Rafael René Robert Rosa Ruth Samuel Sara
			Sofía Søren Sophie Stefan Sven Tariq Theresa Tim Tom Uwe Valentina Vera Victor Wei William Yasmin Yusuf Zoë`),
		family: strings.Fields(`Adler Ahmed Albrecht Andersson Bauer Baumann Beck Becker Bianchi Böhm Brandt Braun Çelik
			Chen Costa Dahl Davies Dietrich Dubois Eriksson Evans Ferrari Fischer Fuchs García Graf Großmann Gupta Haas
			Hansen Herrmann Hoffmann Horváth Huber Hughes Ivanova Jansen Johansson Jung Kaiser Keller Khan Klein Koch
			Köhler König Kovács Kowalski Krause Krüger Kumar Lange Larsen Lehmann Lemaire Lindström Lopes Ludwig Maier
			Marques Martin Mayer Meyer Mitchell Möller Morales Moreau Müller Navarro Neumann Nguyen Nielsen Novák Okafor
			Özdemir Patel Peters Petrov Popescu Reuter Richter Roberts Rossi Roth Sánchez Schäfer Schmidt Schneider
			Schröder Schulz Schwarz Silva Simon Sommer Stein Suzuki Taylor Thompson Turner Vogel Wagner Walker Weber Weiß
			Werner Wilson Winkler Wolf Wright Yılmaz Zhang Zimmermann`),
	}
}

func (p namePool) draw(rng *rand.Rand) fullName {
	return fullName{pick(rng, p.given), pick(rng, p.family)}
}

// castOf are the awkward names that every tenant has, a different set each: an
// apostrophe, a capital within, and a pair who share one name.
func castOf(i int) (apostrophe, capital, namesake fullName) {
	apostrophes := []fullName{{"Conor", "O'Brien"}, {"Maeve", "O'Neill"}, {"Siobhán", "O'Sullivan"}, {"Luca", "D'Angelo"}}
	capitals := []fullName{{"Fiona", "McKenzie"}, {"Sean", "MacDonald"}, {"Ana", "DeSilva"}}
	namesakes := []fullName{{"Thomas", "Müller"}, {"Maria", "Rodríguez"}, {"Jörg", "Groß"}, {"Jürgen", "Schröder"}, {"Ayşe", "Şahin"}}
	return apostrophes[i%len(apostrophes)], capitals[i%len(capitals)], namesakes[i%len(namesakes)]
}

// mailName spells a name with the letters that addresses use: the way a German
// administrator writes umlauts, and otherwise without the accent. The apostrophe
// of O'Brien stays, as Microsoft Entra ID allows it.
func (p namePool) mailName(name string) string {
	spelled := p.spelling.Replace(strings.ToLower(name))
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && r != '\'' && r != '-' {
			return -1
		}
		return r
	}, norm.NFD.String(spelled))
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }
