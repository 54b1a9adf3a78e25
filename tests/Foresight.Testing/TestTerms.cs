using Foresight.Matching.Leadership;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Testing;

public static class TestTerms
{
    public static async Task<Term> TakeAsync(NpgsqlDataSource database, string resource, string sessionName = "test-session")
    {
        var terms = new TermStore(new PostgresLeadershipTable(database), NullLogger<TermStore>.Instance);
        var holder = new NewHolder(resource, Guid.NewGuid(), "test", "http://127.0.0.1:1", sessionName, TimeSpan.FromSeconds(5));
        var before = await terms.ReadAsync(resource, CancellationToken.None);
        var taken = await terms.TakeAsync(holder, before?.Version, CancellationToken.None);
        return taken?.Term ?? throw new InvalidOperationException("somebody else took the term meanwhile");
    }
}
