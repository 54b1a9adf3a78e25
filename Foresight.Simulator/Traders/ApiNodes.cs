using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Simulator.Traders;

/// <summary>The nodes are used in rotation, so that load spreads and a dead node costs one attempt, not the order.</summary>
public sealed class ApiNodes
{
    private readonly Uri[] _addresses;
    private int _next = -1;

    public ApiNodes(IReadOnlyList<Uri> addresses)
    {
        if (addresses.Count == 0)
            throw new SettingException("API_URLS is not set: it lists the addresses of the Api nodes, separated by commas.");
        _addresses = [.. addresses];
    }

    public int Count => _addresses.Length;

    public Uri Next() => _addresses[(uint)Interlocked.Increment(ref _next) % (uint)_addresses.Length];

    public static ApiNodes FromConfiguration(IConfiguration configuration)
    {
        if (configuration.Optional("API_URLS") is not { } listed)
            return new ApiNodes(configuration.ServiceUrls("api-"));
        return new ApiNodes([.. listed.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Parse)]);
    }

    private static Uri Parse(string url) =>
        Uri.TryCreate(url.TrimEnd('/') + "/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new SettingException($"API_URLS must be absolute http or https URLs, separated by commas; \"{url}\" is none.");
}
