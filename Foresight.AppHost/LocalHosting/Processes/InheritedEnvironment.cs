using System.Collections;

namespace Foresight.AppHost.LocalHosting;

/// <summary>
/// What a resource gets of our own environment: everything but what the model decides itself. A DATABASE_URL or PGHOST left in a
/// developer's shell must not turn one process of the stack to another database.
/// </summary>
internal static class InheritedEnvironment
{
    private static readonly string[] DecidedByTheModel =
    [
        "DATABASE_URL", "REDIS_URL", "RPC_URL", "RPC_URLS", "NODE_ID", "API_URLS", "ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "HTTP_PORTS",
        "HTTPS_PORTS", "PORT", "HOST", "STATE_FILE", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
    ];

    private static readonly string[] PrefixesDecidedByTheModel =
        ["Parameters__", "services__", "ConnectionStrings__", "DATABASE_REPLICA_", "PG", "POSTGRES_", "MSBUILD", "VSTEST_", "DOTNET_CLI_"];

    public static Dictionary<string, string> Read()
    {
        var inherited = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            var name = (string)entry.Key;
            if (!DecidedByTheModel.Contains(name)
                && !PrefixesDecidedByTheModel.Any(p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase)))
                inherited[name] = (string?)entry.Value ?? string.Empty;
        }
        return inherited;
    }
}
