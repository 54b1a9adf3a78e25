using System.Text.Json;
using Foresight.Bench.Stack;

namespace Foresight.Bench.Ingest;

internal sealed record IngestVerdict(long Lost, long Doubled, long Refused)
{
    public bool Holds => Lost == 0 && Doubled == 0 && Refused == 0;

    public static async Task<IngestVerdict> OfAsync(TradingStack stack, IReadOnlyList<HttpAnswer> answers)
    {
        var places = answers.Where(answer => answer.Status == 201).Select(Place).ToList();
        var found = await stack.ScalarAsync<long>(
            """
            SELECT count(*) FROM unnest($1, $2, $3) a(hash, epoch, sequence)
            JOIN orders o ON o.order_hash = decode(a.hash, 'hex') AND o.epoch = a.epoch AND o.sequence = a.sequence
            JOIN commands c ON c.shard = 0 AND c.sequence = a.sequence AND c.epoch = a.epoch AND c.kind = 3
            """,
            places.Select(place => place.Hash).ToArray(),
            places.Select(place => place.Epoch).ToArray(),
            places.Select(place => place.Sequence).ToArray()
        );
        var accepted = await stack.ScalarAsync<long>("SELECT count(*) FROM commands WHERE kind = 3 AND result->>'status' = '0'");
        var distinct = await stack.ScalarAsync<long>("SELECT count(DISTINCT order_hash) FROM orders");
        return new IngestVerdict(places.Count - found, accepted - distinct, answers.Count - places.Count);
    }

    private static (string Hash, long Epoch, long Sequence) Place(HttpAnswer answer)
    {
        using var body = JsonDocument.Parse(answer.Body);
        var id = body.RootElement.GetProperty("orderId").GetString();
        if (id != answer.Order.Hash)
            throw new InvalidOperationException($"order {answer.Order.Hash} was acknowledged as {id}");
        return (id[2..], body.RootElement.GetProperty("epoch").GetInt64(), body.RootElement.GetProperty("sequence").GetInt64());
    }
}
