namespace SyscallExplorer.Machine;

internal static unsafe class X87Transcendentals
{
    public static void Register(InstructionTableBuilder table)
    {
    }
}
