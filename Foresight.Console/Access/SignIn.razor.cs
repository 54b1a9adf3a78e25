namespace Foresight.Console.Access;

// Not in the .razor file, because the source generator of log methods does not see the Razor compiler's output.
public sealed partial class SignIn
{
    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Operator {Name} has signed in.")]
        public static partial void SignedIn(ILogger logger, string name);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The Api refused the key that {Name} gave, from {Address}.")]
        public static partial void Refused(ILogger logger, string name, string address);
    }
}
