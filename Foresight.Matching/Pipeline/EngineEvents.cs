using Foresight.Exchange;

namespace Foresight.Matching.Pipeline;

/// <summary>The struct that the engine reports to; passes everything on to the recorder.</summary>
internal readonly struct EngineEvents(Recorder recorder) : IExchangeEvents
{
    public void OnAccepted(in OrderAccepted e) => recorder.OnAccepted(e);
    public void OnRejected(in CommandRejected e) => recorder.OnRejected(e);
    public void OnTrade(in TradeExecuted e) => recorder.OnTrade(e);
    public void OnFilled(in OrderFilled e) => recorder.OnFilled(e);
    public void OnCancelled(in OrderCancelled e) => recorder.OnCancelled(e);
    public void OnReplaced(in OrderReplaced e) => recorder.OnReplaced(e);
    public void OnMarketChanged(in MarketChanged e) => recorder.OnMarketChanged(e);
    public void OnTradeClosed(in TradeClosed e) => recorder.OnTradeClosed(e);
    public void OnBalanceTouched(AccountId account, MarketId market, byte outcome) => recorder.OnBalanceTouched(account, market, outcome);
}

/// <summary>A replay has no listener: what the commands did is in the tables already.</summary>
internal readonly struct NoEvents : IExchangeEvents
{
    public void OnAccepted(in OrderAccepted e) { }
    public void OnRejected(in CommandRejected e) { }
    public void OnTrade(in TradeExecuted e) { }
    public void OnFilled(in OrderFilled e) { }
    public void OnCancelled(in OrderCancelled e) { }
    public void OnReplaced(in OrderReplaced e) { }
    public void OnMarketChanged(in MarketChanged e) { }
    public void OnTradeClosed(in TradeClosed e) { }
    public void OnBalanceTouched(AccountId account, MarketId market, byte outcome) { }
}
