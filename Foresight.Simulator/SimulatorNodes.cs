using Foresight.Client;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Simulator;

public static class SimulatorNodes
{
    public static ApiNodes From(IConfiguration configuration)
    {
        if (configuration.Optional("API_URLS") is not { } listed)
            return NodesOf(configuration.ServiceUrls("api-"));
        return NodesOf([.. listed.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Parse)]);
    }

    private static ApiNodes NodesOf(IReadOnlyList<Uri> addresses) =>
        addresses.Count > 0
            ? new ApiNodes(addresses)
            : throw new SettingException("API_URLS is not set: it lists the addresses of the Api nodes, separated by commas.");

    private static Uri Parse(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new SettingException($"API_URLS must be absolute http or https URLs, separated by commas; \"{url}\" is none.");
}
