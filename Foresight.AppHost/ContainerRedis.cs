using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;

namespace Foresight.AppHost;

/// <summary>
/// The users and bounds that the Redis of this machine has, for the one in a container. It has no file of its own that could hold them, so
/// they are in its command; a password is in its environment, which the shell of the image puts in.
/// </summary>
internal static class ContainerRedis
{
    /// <summary>The resource's own connection string is that of the user <c>default</c>, which has all rights.</summary>
    public static IResourceBuilder<RedisResource> AddContainerRedis(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddRedis(name).WithOptions(NativeRedis.MemoryBounds.Select(bound => $"--{bound}"));

    public static IResourceBuilder<IResourceWithConnectionString> AddUser(
        this IResourceBuilder<RedisResource> redis,
        RedisRole role,
        string prefix
    )
    {
        var name = $"{redis.Resource.Name}-{role.Name}";
        var password = redis.ApplicationBuilder.AddKeptParameter($"{name}-password");
        var variable = $"REDIS_{role.Name.ToUpper(CultureInfo.InvariantCulture)}_PASSWORD";
        redis.WithEnvironment(variable, password).WithOptions(["--" + Quoted(role.Rule(prefix, $">${variable}"))]);

        var endpoint = redis.Resource.PrimaryEndpoint;
        return redis.ApplicationBuilder.AddConnectionString(
            name,
            ReferenceExpression.Create(
                $"{endpoint.Property(EndpointProperty.HostAndPort)},user={role.Name},password={password.Resource}{Tls(endpoint)}"
            )
        );
    }

    /// <summary>The first word is the option; of all others the shell must change none but the password.</summary>
    private static string Quoted(string rule)
    {
        var words = rule.Split(' ');
        return string.Join(' ', words.Skip(1).Select(word => $"\"{word}\"").Prepend(words[0]));
    }

    private static ReferenceExpression Tls(EndpointReference endpoint) =>
        endpoint.GetTlsValue(ReferenceExpression.Create($",ssl=true"), ReferenceExpression.Empty);

    /// <summary>Aspire starts the server by a shell, whose command is its last argument.</summary>
    private static IResourceBuilder<RedisResource> WithOptions(this IResourceBuilder<RedisResource> redis, IEnumerable<string> options) =>
        redis.WithArgs(context => context.Args[^1] = $"{context.Args[^1]} {string.Join(' ', options)}");
}
