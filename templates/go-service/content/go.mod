module github.com/${{ values.organisation }}/${{ values.name }}

go 1.25.0

require (
{%- if values.database == 'postgresql' %}
	github.com/jackc/pgx/v5 v5.9.2
{%- endif %}
	github.com/prometheus/client_golang v1.23.2
{%- if values.database == 'redis' %}
	github.com/redis/go-redis/v9 v9.17.2
{%- elif values.database == 'mongodb' %}
	go.mongodb.org/mongo-driver v1.17.9
{%- endif %}
	go.opentelemetry.io/otel v1.46.0
	go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp v1.46.0
	go.opentelemetry.io/otel/sdk v1.46.0
	go.opentelemetry.io/otel/trace v1.46.0
)
