package cli

import "github.com/spf13/cobra"

// translate puts the words of the command library into the language of the
// house: headings, the help and completion commands, their options.
func (e *env) translate(root *cobra.Command) {
	root.SetUsageTemplate(e.usage())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short = e.say.T("cli.help.command")
		case "completion":
			c.Short = e.say.T("cli.completion")
		}
	}
	root.InitDefaultVersionFlag()
	if f := root.Flags().Lookup("version"); f != nil {
		f.Usage = e.say.T("cli.version.flag")
	}
	e.helpFlags(root)
}

func (e *env) helpFlags(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	if f := c.Flags().Lookup("help"); f != nil {
		f.Usage = e.say.T("cli.help")
	}
	for _, sub := range c.Commands() {
		e.helpFlags(sub)
	}
}

// usage is the template of the library with our headings. Options every command
// takes come last: there are many and they seldom matter.
func (e *env) usage() string {
	return e.say.T("cli.usage") + `{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]{{end}}{{if .HasAvailableSubCommands}}

` + e.say.T("cli.commands") + `{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

` + e.say.T("cli.options") + `
{{.LocalNonPersistentFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if (or .HasAvailableInheritedFlags .HasAvailablePersistentFlags)}}

` + e.say.T("cli.options.all") + `
{{if .HasAvailableInheritedFlags}}{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{else}}{{.PersistentFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{end}}{{if .HasAvailableSubCommands}}

` + e.say.T("cli.more", "command", "{{.CommandPath}} [command] --help") + `{{end}}
`
}
