using System.Text.Json.Nodes;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Npgsql;

namespace Foresight.Matching.Tests.Settlement;

/// <summary>The chain mines on request, so that tests control the content of each block.</summary>
public sealed class ChainFixture() : TestStores(chain: ""), IAsyncLifetime
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    public Uri Rpc => Chain;

    public EthereumClient Client { get; private set; } = null!;

    public HttpNodeClient Transport => new(_http, Rpc, TimeSpan.FromSeconds(10));

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Client = new EthereumClient(Transport);
    }

    public async Task<NpgsqlDataSource> OpenDatabaseAsync() =>
        NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(await CreateDatabaseAsync()) { MaxPoolSize = 8, IncludeErrorDetail = true }.ConnectionString
        );

    /// <summary>A data source does not reveal its password, which a program with its own connections needs.</summary>
    public string ConnectionStringOf(NpgsqlDataSource database) =>
        new NpgsqlConnectionStringBuilder(Postgres)
        {
            Database = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database,
        }.ConnectionString;

    public async Task<string> RequestAsync(string method, params JsonNode?[] parameters) =>
        (await Client.RequestAsync(new RpcRequest(method, parameters))).ToString();

    public Task AutomineAsync(bool on) => RequestAsync("evm_setAutomine", on);

    public Task MineAsync(int blocks = 1) => RequestAsync("anvil_mine", Hex.EncodeQuantity(blocks));

    Task IAsyncLifetime.DisposeAsync()
    {
        _http.Dispose();
        return DisposeAsync().AsTask();
    }
}

[CollectionDefinition(Name)]
public sealed class ChainCollection : ICollectionFixture<ChainFixture>
{
    public const string Name = "chain";
}

/// <summary>
/// A chain of its own for tests of the vault: they let delays pass, and so move its clock past the expiries of all who share it. A class
/// that moves it by an hour has one for itself, because deadlines are at most an hour ahead of the leader's clock.
/// </summary>
[CollectionDefinition(Name)]
public sealed class VaultChainCollection : ICollectionFixture<ChainFixture>
{
    public const string Name = "chain with delays";
}
