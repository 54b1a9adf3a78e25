using Npgsql;

namespace Aspire.Hosting.ApplicationModel;

public sealed class RedisResource(string name) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "tcp";

    public EndpointReference PrimaryEndpoint => new(this, PrimaryEndpointName);

    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<string?>($"{PrimaryEndpoint.Host}:{PrimaryEndpoint.Port}");
}

public sealed class PostgresServerResource(string name, ParameterResource? userName, ParameterResource password)
    : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "tcp";

    public EndpointReference PrimaryEndpoint => new(this, PrimaryEndpointName);

    public ParameterResource? UserNameParameter { get; } = userName;

    public ParameterResource PasswordParameter { get; } = password;

    internal List<PostgresDatabaseResource> Databases { get; } = [];

    public async ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        (await ConnectionAsync("postgres", cancellationToken)).ConnectionString;

    internal async ValueTask<string> UserNameAsync(CancellationToken cancellationToken) =>
        UserNameParameter is null ? "postgres" : await UserNameParameter.GetRequiredValueAsync(cancellationToken);

    internal async ValueTask<NpgsqlConnectionStringBuilder> ConnectionAsync(string database, CancellationToken cancellationToken) => new()
    {
        Host = PrimaryEndpoint.Host,
        Port = PrimaryEndpoint.Port,
        Username = await UserNameAsync(cancellationToken),
        Password = await PasswordParameter.GetRequiredValueAsync(cancellationToken),
        Database = database,
    };
}

public sealed class PostgresDatabaseResource(string name, string databaseName, PostgresServerResource parent)
    : Resource(name), IResourceWithParent, IResourceWithConnectionString
{
    public PostgresServerResource Parent { get; } = parent;

    IResource IResourceWithParent.Parent => Parent;

    public string DatabaseName { get; } = databaseName;

    public async ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        (await Parent.ConnectionAsync(DatabaseName, cancellationToken)).ConnectionString;
}
