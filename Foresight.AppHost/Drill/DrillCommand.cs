namespace Foresight.AppHost.Drill;

internal static class DrillCommand
{
    public static CommandOptions Of(string description) => new() { Description = description, IconName = "Flash" };
}
