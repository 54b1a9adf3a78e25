using System.Globalization;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Api.Operations;

/// <summary>
/// How many nodes of each kind should live. A node that never came, or went before anybody looked, is missed only by who knows the number.
/// </summary>
public sealed class ExpectedNodes
{
    public const string Setting = "EXPECTED_NODES";

    private const int Most = 1_000;

    public ExpectedNodes(IConfiguration configuration) => ByKind = Parse(configuration.Optional(Setting));

    /// <summary>Null if it is not set.</summary>
    public IReadOnlyDictionary<string, int>? ByKind { get; }

    /// <exception cref="SettingException">Not <c>kind=count</c> pairs of known kinds, each at most once.</exception>
    internal static IReadOnlyDictionary<string, int>? Parse(string? setting)
    {
        if (setting is null)
            return null;

        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var pair in setting.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (
                pair.Split('=') is not [var kind, var number]
                || !NodeKinds.All.Contains(kind)
                || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                || count > Most
                || !counts.TryAdd(kind, count)
            )
                throw new SettingException(
                    $"{Setting} must be kind=count pairs with commas between, each kind once: {string.Join(", ", NodeKinds.All)}; "
                        + $"a count is at most {Most}."
                );
        }

        return counts.Count > 0 ? counts : null;
    }
}
