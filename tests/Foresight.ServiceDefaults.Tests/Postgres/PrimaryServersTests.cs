using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.ServiceDefaults.Tests.Postgres;

[Collection(ServersCollection.Name)]
public sealed class PrimaryServersTests(Servers servers)
{
    [Fact]
    public async Task OfSeveralServers_ThePrimaryIsFound_WhereverItIsNamed()
    {
        await using var primaries = PrimaryServers.Alone(Address(servers.Standby!, servers.Postgres), NullLoggerFactory.Instance);
        Assert.Equal(PlaceOf(servers.Standby!), primaries.Current);
        await primaries.FirstSurvey;
        Assert.Equal(PlaceOf(servers.Postgres), primaries.Current);

        await using var source = primaries.Open(primaries.Settings, "primary", NullLoggerFactory.Instance);
        await using var command = source.CreateCommand("SELECT pg_is_in_recovery()");
        Assert.Equal(false, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task AConnectionToTheStandby_IsRefused_BecauseItMayBePromotedUnderneath()
    {
        await using var primaries = PrimaryServers.Alone(Address(servers.Standby!, servers.Postgres), NullLoggerFactory.Instance);
        var settings = new NpgsqlConnectionStringBuilder(servers.Standby!) { Pooling = false };
        // Pinned before the first survey, so to the server that the settings name first.
        await using var source = primaries.OpenPinned(settings, "term", NullLoggerFactory.Instance);
        var error = await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await source.OpenConnectionAsync());
        Assert.Contains("is a standby", error.ToString());
    }

    [Fact]
    public async Task AnOldPrimary_IsRefused_ByWhatAnotherNodeHasSeen()
    {
        var guard = new TimelineGuard(TimeProvider.System, NullLogger<TimelineGuard>.Instance);
        await using var primaries = new PrimaryServers(Address(servers.Postgres), guard, hint: null);
        await using var source = primaries.Open(primaries.Settings, "primary", NullLoggerFactory.Instance);
        await using (await source.OpenConnectionAsync()) { }
        var seen = guard.Newest!.Value;

        guard.Hear(seen with { Number = seen.Number + 1 });
        guard.Surveyed(everyServerAnswered: false);
        var error = await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await source.OpenConnectionAsync());
        Assert.Contains("ended when a standby was promoted", error.ToString());
    }

    private static PostgresAddress Address(string first, params string[] others) =>
        new(new NpgsqlConnectionStringBuilder(first), [], [.. others.Select(PlaceOf)]);

    private static ServerPlace PlaceOf(string connection) =>
        new NpgsqlConnectionStringBuilder(connection) is { Host: { } host, Port: var port }
            ? new ServerPlace(host, port)
            : throw new FormatException();
}
