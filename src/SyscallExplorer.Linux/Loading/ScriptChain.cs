using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Opens a file to be executed.</summary>
/// <param name="name">Its name, as execve or the first line of a script has it.</param>
/// <param name="head">Its first 256 bytes, or all when it has fewer.</param>
/// <returns>0, or the error number: ENOENT, EACCES and so on.</returns>
internal delegate int ExecutableOpener(ReadOnlyMemory<byte> name, out ReadOnlyMemory<byte> head);

/// <summary>The program that is run in the end when a script was asked for, or the error.</summary>
/// <param name="Program">Its name; /proc/PID/exe follows from it, while AT_EXECFN and the task's name stay the script's.</param>
/// <param name="Arguments">Its argv.</param>
/// <param name="Error">0, or the error number.</param>
internal sealed record ScriptChain(ReadOnlyMemory<byte> Program, ImmutableArray<ReadOnlyMemory<byte>> Arguments, int Error = 0)
{
    /// <summary>Follows first lines of scripts until a file is none.</summary>
    /// <param name="name">What execve was given.</param>
    /// <param name="arguments">Its argv.</param>
    /// <param name="open">Opens files.</param>
    public static ScriptChain Follow(ReadOnlyMemory<byte> name, ImmutableArray<ReadOnlyMemory<byte>> arguments, ExecutableOpener open)
    {
        for (int depth = 0; ; depth++)
        {
            if (open(name, out ReadOnlyMemory<byte> head) is var error and not 0)
                return new ScriptChain(name, arguments, error);
            if (depth > ScriptInterpreter.MaxDepth)
                return new ScriptChain(name, arguments, Errno.ELOOP);
            if (!ScriptInterpreter.IsScript(head.Span))
                return new ScriptChain(name, arguments);
            if (ScriptInterpreter.Parse(head.Span) is not { } interpreter)
                return new ScriptChain(name, arguments, Errno.ENOEXEC);
            arguments = [.. interpreter.ArgumentsFor(name, arguments)];
            name = interpreter.Path;
        }
    }
}
