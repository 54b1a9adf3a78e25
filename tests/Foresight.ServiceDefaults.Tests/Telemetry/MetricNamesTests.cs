using System.Reflection;
using System.Text.RegularExpressions;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.ServiceDefaults.Tests.Telemetry;

public sealed partial class MetricNamesTests
{
    private static readonly IReadOnlyList<string> Names =
    [
        .. typeof(MetricNames)
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.Name != nameof(MetricNames.Meter))
            .Select(field => (string)field.GetRawConstantValue()!),
    ];

    [Fact]
    public void EveryName_IsOneThatPrometheusTakes_AndIsThereOnce()
    {
        Assert.All(Names, name => Assert.Matches(SnakeCase(), name));
        Assert.Equal(Names.Count, Names.Distinct().Count());
    }

    /// <summary>Telemetry listens only to sources with this prefix, so any other name would be lost.</summary>
    [Fact]
    public void EverySourceOfSpans_IsListenedTo() =>
        Assert.All(
            typeof(ActivitySources)
                .GetFields(BindingFlags.Public | BindingFlags.Static)
                .Select(field => ((System.Diagnostics.ActivitySource)field.GetValue(null)!).Name),
            name => Assert.StartsWith("Foresight.", name, StringComparison.Ordinal)
        );

    [GeneratedRegex("^[a-z]+(_[a-z0-9]+)+$")]
    private static partial Regex SnakeCase();
}
