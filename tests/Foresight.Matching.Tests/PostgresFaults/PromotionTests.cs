using System.Globalization;
using Foresight.Matching.Tests.Nodes;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.PostgresFaults;

public sealed class PromotionTests : IAsyncLifetime
{
    private readonly Traders _traders = new(seed: 71);
    private ReplicatedStores? _stores;
    private TestNode? _node;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_node is not null)
            await _node.DisposeAsync();
        if (_stores is not null)
            await _stores.DisposeAsync();
    }

    [Fact]
    public async Task APromotedStandby_IsFoundWithoutARestart_AndTheOldPrimaryGetsNoMoreWrites()
    {
        _stores = await ReplicatedStores.StartAsync(synchronous: true);
        var settings = _stores.Settings();
        _node = await StartNodeAsync("n1", settings);
        await _node.Router.AcceptAsync(Traders.Fund(1));
        var before = await PlaceAsync(10);

        await using var reader = PrimaryServers.Alone(Address(settings), NullLoggerFactory.Instance);
        await using var reading = reader.Open(reader.Settings, "reader", NullLoggerFactory.Instance);
        Assert.Equal(10L, await ReadAsync(reading));

        await _stores.KillAsync("postgres");
        // The reader looks at the standby too, and must not keep that answer for after the promotion.
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ReadAsync(reading));
        await _stores.PromoteAsync();
        var after = await PlaceAsync(10);
        Assert.All(after, answer => Assert.True(answer.Epoch > before[^1].Epoch));
        // The old primary acknowledged only what its standby had, so everything is there.
        Assert.Equal(20L, await CountAsync(_stores.Standby!));
        Assert.Equal(before[^1].Sequence + 1, after[0].Sequence);

        await Eventually.TrueAsync("the new primary is found", Eventually.Patience, async () => await CanReadAsync(reading));
        await _stores.StartAgainAsync("postgres");
        await PlaceAsync(10);
        for (var i = 0; i < 5; i++)
            Assert.Equal(30L, await ReadAsync(reading));
        // A node that starts now, with the old primary first in its settings, must not use it.
        await _node.DisposeAsync();
        _node = await StartNodeAsync("n2", settings);
        await PlaceAsync(10);
        Assert.Equal(40L, await CountAsync(_stores.Standby!));
        Assert.Equal(10L, await CountAsync(_stores.Postgres));
        Assert.Equal(
            "1",
            Convert.ToString(
                await StreamingStandby.ScalarAsync(_stores.Postgres, "SELECT epoch FROM leadership WHERE resource = 'matching-engine'"),
                CultureInfo.InvariantCulture
            )
        );
    }

    private static PostgresAddress Address(Dictionary<string, string?> settings) =>
        PostgresAddress.From(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());

    private static async Task<long> ReadAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("SELECT count(*) FROM orders");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<bool> CanReadAsync(NpgsqlDataSource source)
    {
        try
        {
            return await ReadAsync(source) > 0;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static async Task<TestNode> StartNodeAsync(string name, Dictionary<string, string?> settings)
    {
        var started = await TestNode.StartAsync(name, settings);
        await started.ActiveAsync();
        return started;
    }

    private async Task<IReadOnlyList<CommandResult>> PlaceAsync(int count)
    {
        var answers = new List<CommandResult>();
        for (var i = 0; i < count; i++)
        {
            var answer = await _node!.Router.SendAsync(_traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1));
            Assert.Equal(ResultStatus.Accepted, answer.Status);
            answers.Add(answer);
        }

        return answers;
    }

    private static async Task<long> CountAsync(string server) =>
        (long)(await StreamingStandby.ScalarAsync(server, "SELECT count(*) FROM orders"))!;
}
