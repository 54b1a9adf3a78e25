using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;
using StackExchange.Redis;

namespace Foresight.AppHost.Native;

/// <summary>
/// Without persistence, because safety does not depend on Redis's data. Clients without a password are refused. The resource's own
/// connection string is that of the user <c>admin</c>, which has all rights.
/// </summary>
public sealed class NativeRedisResource(string name, NativeState state, ParameterResource adminPassword)
    : NativeServerResource(name, state, "tcp")
{
    internal const string AdminName = "admin";

    public ParameterResource AdminPassword { get; } = adminPassword;

    public override ReferenceExpression ConnectionStringExpression => ConnectionStringOf(AdminName, AdminPassword);

    internal List<NativeRedisUserResource> Users { get; } = [];

    internal ReferenceExpression ConnectionStringOf(string user, ParameterResource password) =>
        ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)},user={user},password={password}");
}

public sealed class NativeRedisUserResource(
    string name,
    RedisRole role,
    string prefix,
    NativeRedisResource parent,
    ParameterResource password
) : Resource(name), IResourceWithParent<NativeRedisResource>, IResourceWithConnectionString
{
    public NativeRedisResource Parent { get; } = parent;

    public ParameterResource Password { get; } = password;

    public ReferenceExpression ConnectionStringExpression => Parent.ConnectionStringOf(role.Name, Password);

    internal string Rule(string passwordHash) => role.Rule(prefix, $"#{passwordHash}");
}

internal static class NativeRedis
{
    /// <summary>
    /// A role must not fill the machine's memory. The cluster needs less than 1 MB; above the bound Redis refuses to write, and the nodes
    /// go on as without Redis. The largest message is a book of 1 MiB, so a client sends no argument above 4 MB, and neither its commands
    /// nor the answers that wait for it may take more than 32 MB.
    /// </summary>
    internal static readonly string[] MemoryBounds =
    [
        "maxmemory 512mb",
        "maxmemory-policy noeviction",
        "proto-max-bulk-len 4mb",
        "client-query-buffer-limit 32mb",
        "client-output-buffer-limit normal 32mb 0 0",
    ];

    public static async Task<NativeServer> PrepareAsync(
        NativeRedisResource redis,
        FoundProgram program,
        CancellationToken cancellationToken
    )
    {
        Directory.CreateDirectory(redis.DataFolder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        List<string> lines =
        [
            $"bind {NativeServerResource.Address}",
            $"port {redis.PrimaryEndpoint.Port}",
            "save \"\"",
            "appendonly no",
            $"dir {redis.DataFolder}",
            "daemonize no",
            .. MemoryBounds,
            "user default off",
            $"user {NativeRedisResource.AdminName} on #{await HashAsync(redis.AdminPassword)} ~* &* +@all",
        ];
        foreach (var user in redis.Users)
            lines.Add(user.Rule(await HashAsync(user.Password)));
        var file = Path.Combine(redis.DataFolder, "redis.conf");
        NativeState.WriteOwnerOnly(file, string.Join('\n', lines) + "\n");
        return new NativeServer { Command = [program.Path, file] };

        async Task<string> HashAsync(ParameterResource password) =>
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes((await password.GetValueAsync(cancellationToken))!)));
    }

    public static async Task<string?> ProbeAsync(NativeRedisResource redis, CancellationToken cancellationToken)
    {
        var settings = ConfigurationOptions.Parse((await redis.ConnectionStringExpression.GetValueAsync(cancellationToken))!);
        (settings.ConnectTimeout, settings.AsyncTimeout, settings.ConnectRetry) = (3000, 3000, 1);
        await using var connection = await ConnectionMultiplexer.ConnectAsync(settings);
        await connection.GetDatabase().PingAsync();
        return null;
    }
}
