using Iced.Intel;

namespace SyscallExplorer;

/// <summary>The code of <c>__kernel_vsyscall</c>, by which the kernel chooses how 32-bit programs enter it.</summary>
internal static class KernelStub
{
    /// <summary>The first instruction of the stub that enters the kernel, as a way of the kit's; null when there is none.</summary>
    public static EntryPath? PathOf(ReadOnlyMemory<byte> code)
    {
        var decoder = Decoder.Create(32, new ByteArrayCodeReader(code.ToArray()));
        while (decoder.IP < (ulong)code.Length)
        {
            Instruction instruction = decoder.Decode();
            EntryPath? path = instruction.Mnemonic switch
            {
                Mnemonic.Sysenter => EntryPath.Sysenter,
                Mnemonic.Syscall => EntryPath.SyscallCompat,
                Mnemonic.Int when instruction.Immediate8 == 0x80 => EntryPath.Int80,
                _ => null,
            };
            if (path is not null || instruction.FlowControl == FlowControl.Return || instruction.IsInvalid)
                return path;
        }

        return null;
    }

    /// <summary>What stands in the stub, in words.</summary>
    public static string Words(EntryPath? path) => path switch
    {
        EntryPath.Sysenter => "__kernel_vsyscall is SYSENTER (0F 34).",
        EntryPath.SyscallCompat => "__kernel_vsyscall is the 32-bit SYSCALL (0F 05): AMD's processors have no SYSENTER in long mode.",
        EntryPath.Int80 => "__kernel_vsyscall is int 0x80 (CD 80).",
        _ => "__kernel_vsyscall has no instruction that the kit knows as an entry.",
    };
}
