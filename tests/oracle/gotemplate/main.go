// Answers for each line of its input, a template with its data and option as JSON, what Go prints or says.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type request struct {
	Template string      `json:"template"`
	Data     interface{} `json:"data"`
	Option   string      `json:"option"`
}

type answer struct {
	Output string `json:"output"`
	Error  string `json:"error"`
}

func render(asked request) (answered answer) {
	parsed, err := template.New("t").Option(asked.Option).Parse(asked.Template)
	if err != nil {
		answered.Error = err.Error()
		return
	}
	var out strings.Builder
	if err := parsed.Execute(&out, asked.Data); err != nil {
		answered.Error = err.Error()
		return
	}
	answered.Output = out.String()
	return
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(make([]byte, 0, 1<<20), 1<<24)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	encoder := json.NewEncoder(output)
	for input.Scan() {
		var asked request
		if err := json.Unmarshal(input.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := encoder.Encode(render(asked)); err != nil {
			panic(err)
		}
	}
}
