using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Foresight.ServiceDefaults.Hosting;

/// <summary>
/// The message is one sentence for the operator, because it is all that the process prints before it exits with <see cref="ExitCode"/>.
/// </summary>
public sealed class SettingException(string message) : Exception(message)
{
    /// <summary>EX_CONFIG of sysexits.h.</summary>
    public const int ExitCode = 78;
}

public static class Settings
{
    /// <summary>The limit of the chain's client, which would refuse more only when it is created.</summary>
    public const int MaxRpcUrls = 8;

    public const int DefaultConfirmations = 2;

    /// <summary>Default of anvil and hardhat.</summary>
    public const long DevelopmentChainId = 31337;

    extension(IConfiguration configuration)
    {
        public string? Optional(string name) => string.IsNullOrWhiteSpace(configuration[name]) ? null : configuration[name]!.Trim();

        /// <param name="why">Purpose of the setting; completes "{name} is not set: ".</param>
        public string Required(string name, string why) =>
            configuration.Optional(name) ?? throw new SettingException($"{name} is not set: {why}.");

        /// <summary>A secret has no default, because a known secret protects nothing.</summary>
        public string RequiredSecret(string name, string why, int minimumLength = 16)
        {
            var value = configuration.Required(name, why);
            return value.Length >= minimumLength
                ? value
                : throw new SettingException($"{name} must have at least {minimumLength} characters; it has {value.Length}.");
        }

        public int Integer(string name, int defaultValue, int minimum, int maximum) =>
            (int)configuration.Long(name, defaultValue, minimum, maximum);

        public long Long(string name, long defaultValue, long minimum, long maximum)
        {
            var text = configuration.Optional(name);
            if (text is null)
                return defaultValue;
            var isNumber = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value);
            return isNumber && value >= minimum && value <= maximum
                ? value
                : throw new SettingException($"{name} must be a whole number from {minimum} to {maximum}, not \"{text}\".");
        }

        /// <summary>The name of such a setting ends in _MS, so that its unit can be read where it is set.</summary>
        public TimeSpan Milliseconds(string name, TimeSpan defaultValue, TimeSpan minimum, TimeSpan maximum) =>
            TimeSpan.FromMilliseconds(
                configuration.Integer(
                    name,
                    (int)defaultValue.TotalMilliseconds,
                    (int)minimum.TotalMilliseconds,
                    (int)maximum.TotalMilliseconds
                )
            );

        public bool Flag(string name, bool defaultValue)
        {
            var text = configuration.Optional(name);
            return text?.ToLowerInvariant() switch
            {
                null => defaultValue,
                "true" or "1" or "yes" or "on" => true,
                "false" or "0" or "no" or "off" => false,
                _ => throw new SettingException($"{name} must be true or false, not \"{text}\"."),
            };
        }

        public Uri? OptionalUrl(string name)
        {
            var text = configuration.Optional(name);
            if (text is null)
                return null;
            return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
                ? url
                : throw new SettingException($"{name} must be an absolute http or https URL.");
        }

        /// <summary>The convention of .NET's service discovery: <c>services__{name}__http__0</c>.</summary>
        public Uri? ServiceUrl(string service) =>
            configuration.OptionalUrl($"services:{service}:http:0") ?? configuration.OptionalUrl($"services:{service}:https:0");

        public IReadOnlyList<Uri> ServiceUrls(string namePrefix) =>
            [
                .. configuration
                    .GetSection("services")
                    .GetChildren()
                    .Where(service => service.Key.StartsWith(namePrefix, StringComparison.OrdinalIgnoreCase))
                    .OrderBy(service => service.Key, StringComparer.Ordinal)
                    .SelectMany(service => service.GetSection("http").GetChildren())
                    .Select(endpoint => configuration.OptionalUrl(endpoint.Path)!),
            ];

        public IReadOnlyList<Uri> OptionalRpcUrls()
        {
            if (configuration.Optional("RPC_URLS") is not { } list)
                return (configuration.OptionalUrl("RPC_URL") ?? configuration.ServiceUrl("chain")) is { } one ? [one] : [];
            var urls = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (urls.Length is 0 or > MaxRpcUrls)
                throw new SettingException($"RPC_URLS must name 1 to {MaxRpcUrls} endpoints, separated by commas.");
            return
            [
                .. urls.Select(url =>
                    Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"
                        ? parsed
                        : throw new SettingException("RPC_URLS must be absolute http or https URLs, separated by commas.")
                ),
            ];
        }

        public IReadOnlyList<Uri> RpcUrls() =>
            configuration.OptionalRpcUrls() is { Count: > 0 } urls
                ? urls
                : throw new SettingException(
                    "RPC_URL is not set: it is the address of the chain's JSON-RPC endpoint (RPC_URLS: of several)."
                );

        public Uri RpcUrl() => configuration.RpcUrls()[0];

        /// <summary>
        /// Two operators with different keys must decide about a discrepancy above this amount in micro-USDC. The setting
        /// <c>RECONCILIATION_FOUR_EYES_OVER_USDC</c> is in whole USDC; null: one operator suffices.
        /// </summary>
        public long? FourEyesOver() =>
            configuration.Long("RECONCILIATION_FOUR_EYES_OVER_USDC", -1, 0, 1_000_000_000_000) is >= 0 and var usdc
                ? usdc * 1_000_000
                : null;

        /// <summary>False (<c>CLUSTER_ENABLED</c>): this node is the only one of its kind, so it leads without an election.</summary>
        public bool ClusterEnabled() => configuration.Flag("CLUSTER_ENABLED", defaultValue: true);

        public long ChainId() => configuration.Long("CHAIN_ID", DevelopmentChainId, 1, long.MaxValue);

        public int Confirmations() => configuration.Integer("SETTLEMENT_CONFIRMATIONS", DefaultConfirmations, 0, 1000);

        /// <summary>
        /// So many seconds before its signed expiry an order ends here, so that its trades reach a block in time (docs/decisions/0663). The
        /// development chain has a block each second; elsewhere a full block or a rise of the fees costs more than one.
        /// </summary>
        public int ExpiryMarginSeconds() =>
            configuration.Integer("SETTLEMENT_EXPIRY_MARGIN_S", configuration.ChainId() == DevelopmentChainId ? 5 : 60, 0, 3600);
    }
}
