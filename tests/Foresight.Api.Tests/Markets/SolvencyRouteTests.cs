using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Markets;

[Collection(ApiStackCollection.Name)]
[Trait("Category", "Firm")]
public sealed class SolvencyRouteTests(ApiStack stack)
{
    private static readonly VaultTotalsView Totals = new(
        31337,
        "0xcccccccccccccccccccccccccccccccccccccccc",
        "0xdddddddddddddddddddddddddddddddddddddddd",
        1_234,
        "0x" + new string('1', 64),
        3,
        new("1100000000", "900000000", "100000000"),
        "100000000",
        [new("0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "100000000000000000000", [new("0", "1", "2"), new("3", "4", "5")])],
        new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero)
    );

    [Fact]
    public async Task TotalsOfTheVault_ArePublic_AndMayBeCached_AndWithoutAVaultThereAreNone()
    {
        await BadRequestTests.RefusalAsync(await stack.Http.GetAsync("chain/solvency"), 404, "not_found");
        await BadRequestTests.RefusalAsync(await stack.Http.GetAsync("chain/solvency?account=0x1"), 400, "malformed_request");
        await stack.ExecuteAsync(
            "UPDATE deployments SET vault = decode(repeat('dd', 20), 'hex'), withdrawal_blocks = 1, withdrawal_seconds = 1"
        );
        try
        {
            await AnsweredAsync(HttpStatusCode.ServiceUnavailable);
            await BadRequestTests.RefusalAsync(await stack.Http.GetAsync("chain/solvency"), 503, "unavailable");
            var json = JsonSerializer.Serialize(Totals, JsonSerializerOptions.Web);
            await stack.ExecuteAsync(
                $"INSERT INTO vault_totals (generation, totals) SELECT max(generation), '{json}'::jsonb FROM deployments"
            );
            using var answer = await AnsweredAsync(HttpStatusCode.OK);
            Assert.Equal("public, max-age=60", answer.Headers.CacheControl!.ToString());
            var read = await answer.Content.ReadFromJsonAsync<VaultTotalsView>();
            Assert.Equal(json, JsonSerializer.Serialize(read, JsonSerializerOptions.Web));

            // Those of a development chain that was lost are of another vault.
            await stack.ExecuteAsync("UPDATE vault_totals SET generation = generation - 1");
            await AnsweredAsync(HttpStatusCode.ServiceUnavailable);
        }
        finally
        {
            await stack.ExecuteAsync("DELETE FROM vault_totals");
            await stack.ExecuteAsync("UPDATE deployments SET vault = NULL, withdrawal_blocks = NULL, withdrawal_seconds = NULL");
        }

        await AnsweredAsync(HttpStatusCode.NotFound);
    }

    /// <summary>A replica may lag.</summary>
    private async Task<HttpResponseMessage> AnsweredAsync(HttpStatusCode status)
    {
        HttpResponseMessage? answer = null;
        await Eventually.TrueAsync(
            $"the answer is {status}",
            Eventually.Patience,
            async () => (answer = await stack.Http.GetAsync("chain/solvency")).StatusCode == status
        );
        return answer!;
    }
}
