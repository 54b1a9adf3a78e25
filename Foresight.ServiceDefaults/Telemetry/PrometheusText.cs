using System.Globalization;
using System.Text;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>Prometheus' text exposition format 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>
    /// Labels of the driver's and the framework's metrics that hold addresses, which no label may; they differ with nothing else.
    /// </summary>
    private static readonly HashSet<string> Hidden = ["server.address", "server.port"];

    /// <summary>Dots become underscores, and the base unit goes into the name, as Prometheus' conventions want it.</summary>
    public static string NameOf(string name, string? unit, MetricType type)
    {
        var result = new StringBuilder(name.Length + 8);
        foreach (var c in name) result.Append(char.IsAsciiLetterOrDigit(c) || c is '_' or ':' ? c : '_');
        var suffix = unit switch { "s" => "_seconds", "ms" => "_ms", "By" => "_bytes", _ => "" };
        var text = result.ToString();
        if (suffix.Length > 0 && !text.EndsWith(suffix, StringComparison.Ordinal) && !text.EndsWith("_total", StringComparison.Ordinal))
            text += suffix;
        if (type == MetricType.Counter && !text.EndsWith("_total", StringComparison.Ordinal)) text += "_total";
        return char.IsAsciiDigit(text[0]) ? "_" + text : text;
    }

    public static void Write(StringBuilder into, MetricFamily family)
    {
        var series = family.All().ToList();
        if (series.Count == 0) return;
        into.Append("# HELP ").Append(family.Name).Append(' ').Append(family.Help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
        into.Append("# TYPE ").Append(family.Name).Append(' ').Append(family.Type.ToString().ToLowerInvariant()).Append('\n');
        foreach (var one in series)
        {
            if (family.Type == MetricType.Histogram) WriteHistogram(into, family, one);
            else WriteSample(into, family.Name, one.Labels, extra: null, one.Read().Value);
        }
    }

    private static void WriteHistogram(StringBuilder into, MetricFamily family, MetricSeries series)
    {
        var (sum, count, buckets) = series.Read();
        long cumulative = 0;
        for (var i = 0; i < family.Bounds.Length; i++)
        {
            cumulative += buckets[i];
            WriteSample(into, family.Name + "_bucket", series.Labels, new("le", Number(family.Bounds[i])), cumulative);
        }

        WriteSample(into, family.Name + "_bucket", series.Labels, new("le", "+Inf"), count);
        WriteSample(into, family.Name + "_sum", series.Labels, extra: null, sum);
        WriteSample(into, family.Name + "_count", series.Labels, extra: null, count);
    }

    private static void WriteSample(
        StringBuilder into, string name, KeyValuePair<string, string>[] labels, KeyValuePair<string, string>? extra, double value)
    {
        into.Append(name);
        var separator = '{';
        foreach (var label in labels) separator = WriteLabel(into, separator, label);
        if (extra is { } last) separator = WriteLabel(into, separator, last);
        if (separator == ',') into.Append('}');
        into.Append(' ').Append(Number(value)).Append('\n');
    }

    private static char WriteLabel(StringBuilder into, char separator, KeyValuePair<string, string> label)
    {
        if (Hidden.Contains(label.Key)) return separator;
        into.Append(separator);
        foreach (var c in label.Key) into.Append(char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_');
        into.Append("=\"");
        foreach (var c in label.Value)
        {
            if (c == '\\') into.Append("\\\\");
            else if (c == '"') into.Append("\\\"");
            else if (c == '\n') into.Append("\\n");
            else into.Append(c);
        }

        into.Append('"');
        return ',';
    }

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value)
            ? "-Inf"
            : value.ToString(CultureInfo.InvariantCulture);
}
