using System.Diagnostics;
using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost.Native;
using Foresight.AppHost.Programs;
using StackExchange.Redis;
using Xunit;

namespace Foresight.AppHost.Tests.Publish;

/// <summary>Runs the command of the manifest's container by the same shell, with this machine's server for that of the image.</summary>
[Collection(ServersCollection.Name), Trait("Category", "Trust")]
public sealed class ContainerRedisTests
{
    private const string Password = "of-everything";

    /// <summary>CONFIG GET is among them because the server answers with the password of its user default, who may do everything.</summary>
    private static readonly string[] Administration =
    [
        "CONFIG GET requirepass",
        "CONFIG SET requirepass x",
        "ACL LIST",
        "FLUSHALL",
        "SHUTDOWN",
        "EVAL x 0",
        "KEYS *",
        "SCAN 0",
        "CLIENT KILL ID 1",
        "CLIENT LIST",
        "DEBUG SLEEP 1",
        "MONITOR",
        "REPLICAOF no one",
    ];

    [Fact]
    public async Task TheServerOfTheManifest_HasTheUsersAndBoundsOfTheOneThatRunsAsAProgram()
    {
        await using var builder = TestApplication.CreateBuilder();
        var program = builder.AddNativeRedis("redis");
        NativeRedisUserResource[] users =
        [
            program.AddUser(RedisRoles.Matching, "foresight:").Resource,
            program.AddUser(RedisRoles.Api, "foresight:").Resource,
        ];
        await using var servers = await builder.StartAsync("redis");
        var passwords = new Dictionary<string, string> { ["redis-password"] = Password };
        foreach (var user in users)
            passwords[user.Password.Name] = (await user.Password.GetValueAsync(CancellationToken.None))!;

        var port = FreePorts.Any();
        using var published = await StartAsync((await PublishedManifest.ResourcesAsync())["redis"]!, passwords, port);
        try
        {
            await using var expected = await ConnectionMultiplexer.ConnectAsync(await servers.ConnectionAsync("redis"));
            await using var actual = await ConnectedAsync($"127.0.0.1:{port}", Password);
            Assert.Equal(2, (await UsersAsync(expected)).Length);
            Assert.Equal(await UsersAsync(expected), await UsersAsync(actual));
            foreach (var bound in NativeRedis.MemoryBounds.Select(bound => bound.Split(' ')[0]))
                Assert.Equal(await SettingAsync(expected, bound), await SettingAsync(actual, bound));
            await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{port}"));
            foreach (var role in new[] { RedisRoles.Matching.Name, RedisRoles.Api.Name })
            foreach (var command in Administration)
                Assert.Contains("has no permissions", await TriedAsync(actual, role, command), StringComparison.Ordinal);
        }
        finally
        {
            published.Kill();
        }
    }

    private static async Task<Process> StartAsync(JsonNode container, Dictionary<string, string> passwords, int port)
    {
        Assert.Equal("/bin/sh", container["entrypoint"]!.GetValue<string>());
        var arguments = container["args"]!.AsArray().Select(argument => argument!.GetValue<string>()).ToArray();
        arguments[^1] = $"exec {arguments[^1]} --bind 127.0.0.1 --port {port} --save ''";
        var start = new ProcessStartInfo("/bin/sh", arguments);
        var folder = Path.GetDirectoryName((await ProgramFinder.Shared.RequireAsync(Tool.Redis)).Path);
        start.Environment["PATH"] = $"{folder}:{start.Environment["PATH"]}";
        foreach (var (variable, value) in container["env"]!.AsObject())
            start.Environment[variable] = passwords[value!.GetValue<string>().Trim('{', '}').Split('.')[0]];
        return Process.Start(start)!;
    }

    private static async Task<ConnectionMultiplexer> ConnectedAsync(string address, string password) =>
        await Eventually.GetAsync<ConnectionMultiplexer>(
            "the server answers",
            Eventually.Patience,
            async () =>
            {
                try
                {
                    return await ConnectionMultiplexer.ConnectAsync($"{address},password={password}");
                }
                catch (RedisConnectionException)
                {
                    // It is starting.
                    return null;
                }
            }
        );

    /// <summary>The words of each rule in one order, because the server lists commands in that of its hash table.</summary>
    private static async Task<string[]> UsersAsync(ConnectionMultiplexer redis) =>
        [
            .. ((string[])(await redis.GetDatabase().ExecuteAsync("ACL", "LIST"))!)
                .Select(rule => rule.Split(' '))
                .Where(words => words[1] == RedisRoles.Matching.Name || words[1] == RedisRoles.Api.Name)
                .Select(words => $"{words[1]}: {string.Join(' ', words.Order(StringComparer.Ordinal))}")
                .Order(StringComparer.Ordinal),
        ];

    private static async Task<string> TriedAsync(ConnectionMultiplexer redis, string user, string command) =>
        (string)(await redis.GetDatabase().ExecuteAsync("ACL", ["DRYRUN", user, .. command.Split(' ')]))!;

    private static async Task<string> SettingAsync(ConnectionMultiplexer redis, string name) =>
        string.Join(' ', (string[])(await redis.GetDatabase().ExecuteAsync("CONFIG", "GET", name))!);
}
