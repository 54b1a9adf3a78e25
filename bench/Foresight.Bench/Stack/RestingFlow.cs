namespace Foresight.Bench.Stack;

/// <summary>
/// Orders mostly come to rest; one in <see cref="TakerEvery"/> takes the best price of the other side, which mints a set. All buy: one half
/// of the traders outcome 0, the other half outcome 1, so that no trader meets its own orders. Trades are few because settlement, which
/// goes on behind, is not what is measured.
/// </summary>
internal sealed class RestingFlow(TradingStack stack)
{
    public const int TakerEvery = 20;

    private const int LowestPrice = 3_000;
    private const int TakerPrice = 7_000;
    private const int PriceStep = 100;
    private const int Prices = 20;
    private const long Lots = 100;

    private readonly IReadOnlyList<Matching.ChainReading.DeployedMarket> _markets = stack.BinaryMarkets;
    private long _next;

    public IReadOnlyList<SignedOrder> Sign(int count)
    {
        var signed = new SignedOrder[count];
        var first = _next;
        _next += count;
        Parallel.For(0, count, i => signed[i] = Sign(first + i));
        return signed;
    }

    private SignedOrder Sign(long number)
    {
        var market = _markets[(int)(number % _markets.Count)];
        var round = number / _markets.Count;
        var outcome = (int)(round % 2);
        var half = stack.Keys.Count / 2;
        var maker = stack.Keys[(outcome * half) + (int)(round / 2 % half)];
        var isTaker = round % TakerEvery >= TakerEvery - 2 && round % (2 * TakerEvery) / TakerEvery == outcome;
        // The stride is coprime to the number of prices, so that successive orders are not neighbours in the book.
        var price = isTaker ? TakerPrice : LowestPrice + (PriceStep * (int)(round / 2 * 7 % Prices));
        return new OrderTerms(market, outcome, IsBuy: true, price, Lots, Salt: number + 1, isTaker).Sign(maker, stack.Deployment.ChainId);
    }
}
