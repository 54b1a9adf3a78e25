namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    private RejectReason ListMarket<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var market = command.Market.Value;
        if (market is < 1 or > ExchangeLimits.Markets || _markets.Has(market))
            return RejectReason.InvalidMarket;
        if (command.Outcomes is < ExchangeLimits.MinOutcomes or > ExchangeLimits.MaxOutcomes)
            return RejectReason.InvalidOutcome;
        if (command.TickSize is not (1 or 10 or 100))
            return RejectReason.InvalidTick;
        if (!HasRoomFor(command.Outcomes))
            return RejectReason.NoRoom;

        AddMarket(market, command.Outcomes, command.TickSize).FirmOnly = command.FirmOnly;
        events.OnMarketChanged(new MarketChanged(command.Market, MarketState.Open));
        return RejectReason.None;
    }

    private bool HasRoomFor(int outcomes) =>
        new Markets.MarketRow { Outcomes = outcomes }.Books * 2 <= _bounds.Ladders - _books.LadderCount;

    private ref Markets.MarketRow AddMarket(int market, int outcomes, int tickSize)
    {
        ref var row = ref _markets.Add(market);
        row.Outcomes = outcomes;
        row.TickSize = tickSize;
        row.State = MarketState.Open;
        row.FirstLadder = _books.AddBook(market, 0);
        for (var outcome = 1; outcome < row.Books; outcome++)
            _books.AddBook(market, outcome);
        return ref row;
    }

    private RejectReason SetMarketState<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        ref var row = ref _markets.At(command.Market.Value);
        if (row.Outcomes == 0)
            return RejectReason.InvalidMarket;
        if (command.State == MarketState.Resolved && command.Outcome >= row.Outcomes)
            return RejectReason.InvalidOutcome;

        // Closed is final, because its orders are cancelled and its pages released; only a resolution may follow.
        if (
            command.State > MarketState.Resolved
            || row.State == MarketState.Resolved
            || command.State < row.State && row.State == MarketState.Closed
        )
            return RejectReason.MarketClosed;

        row.State = command.State;
        if (row.State == MarketState.Resolved)
            row.Winner = command.Outcome;
        if (row.State >= MarketState.Closed)
        {
            CancelAllOf(command.Market.Value, CancelReason.MarketClosed, ref events);
            for (var ladder = row.FirstLadder; ladder < row.FirstLadder + row.Books * 2; ladder++)
                _books.ReleasePages(ladder);
        }

        events.OnMarketChanged(new MarketChanged(command.Market, row.State));
        return RejectReason.None;
    }
}
