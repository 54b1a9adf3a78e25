using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost.Native;
using Foresight.Chain.Signing;
using Xunit;

namespace Foresight.AppHost.Tests.Publish;

/// <summary>
/// With only the manifest's environment, as an unprivileged user over read-only files: a container's conditions without an image, which
/// needs a container engine.
/// </summary>
[Collection(ServersCollection.Name), Trait("Category", "Parts")]
public sealed partial class PublishedServicesTests
{
    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task TheServicesOfTheManifest_RunWithItsEnvironmentAlone_AsAUserWithoutRights_OnReadOnlyFiles()
    {
        var manifest = await PublishedManifest.ResourcesAsync();
        await using var builder = TestApplication.CreateBuilder();
        var redis = builder.AddNativeRedis("redis");
        string[] redisUsers =
        [
            .. new[] { RedisRoles.Matching, RedisRoles.Api }.Select(role => redis.AddUser(role, "foresight:").Resource.Name),
        ];
        var postgres = builder.AddNativePostgres("postgres");
        postgres.AddDatabase("foresight");
        postgres.AddReplica("postgres-replica");
        builder.AddNativeChain("chain").WithArgs(ChainCommand.Development);
        await using var servers = await builder.StartAsync("redis", "foresight", "postgres-replica", "chain");
        // New keys, because production refuses the publicly known ones.
        var (operatorKey, faucetKey) = (await NewAccountAsync(servers), await NewAccountAsync(servers));
        var values = new Dictionary<string, string>
        {
            ["foresight.connectionString"] = await servers.ConnectionAsync("foresight"),
            ["postgres-replica.bindings.tcp.url"] =
                $"tcp://{NativeServerResource.Address}:{servers.GetEndpoint("postgres-replica", "tcp").Port}",
            ["chain.bindings.http.url"] = servers.GetEndpoint("chain").ToString(),
            ["operator-key.value"] = operatorKey,
            ["faucet-key.value"] = faucetKey,
            ["admin-key.value"] = Guid.NewGuid().ToString("N"),
            ["cluster-secret.value"] = Guid.NewGuid().ToString("N"),
        };
        foreach (var user in redisUsers)
            values[$"{user}.connectionString"] = await servers.ConnectionAsync(user);
        foreach (var (name, resource) in manifest)
            if (resource!["bindings"]?["http"] is not null && IsProject(resource))
            {
                var port = FreePorts.Any();
                values[$"{name}.bindings.http.targetPort"] = $"{port}";
                values[$"{name}.bindings.http.url"] = $"http://localhost:{port}";
            }

        using var folders = new PublishedFolders();
        using (var setup = Start("setup"))
            Assert.True(await setup.EndedAsync(StartBound) == 0, setup.Output);
        using var matching = Start("matching");
        using var api1 = Start("api-1");
        using var api2 = Start("api-2");
        using var console = Start("console");
        using var simulator = Start("simulator");
        using var http = new HttpClient();
        foreach (
            var (name, service) in new[]
            {
                ("matching", matching),
                ("api-1", api1),
                ("api-2", api2),
                ("console", console),
                ("simulator", simulator),
            }
        )
        foreach (var path in new[] { "alive", "ready" })
            await Eventually.TrueAsync(
                $"{name} answers /{path}\n{service.Output}",
                StartBound,
                async () => (await http.GetAsync($"{values[$"{name}.bindings.http.url"]}/{path}")).StatusCode == HttpStatusCode.OK
            );

        PublishedService Start(string name) =>
            folders.Start(
                Path.GetFileNameWithoutExtension(manifest[name]!["path"]!.GetValue<string>()),
                [.. manifest[name]!["args"]?.AsArray().Select(argument => argument!.GetValue<string>()) ?? []],
                manifest[name]!["env"]!
                    .AsObject()
                    .ToDictionary(
                        variable => variable.Key,
                        variable => Expression().Replace(variable.Value!.GetValue<string>(), match => values[match.Groups[1].Value])
                    )
            );
    }

    private static bool IsProject(JsonNode resource) => resource["type"]!.GetValue<string>() == "project.v0";

    private static async Task<string> NewAccountAsync(DistributedApplication servers)
    {
        var key = "0x" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        using var chain = servers.CreatePlainClient("chain");
        using var response = await chain.PostAsJsonAsync(
            "/",
            new
            {
                jsonrpc = "2.0",
                id = 1,
                method = "anvil_setBalance",
                @params = new[] { PrivateKey.Parse(key).Address.ToString(), "0x56bc75e2d63100000" },
            }
        );
        response.EnsureSuccessStatusCode();
        return key;
    }

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex Expression();
}
