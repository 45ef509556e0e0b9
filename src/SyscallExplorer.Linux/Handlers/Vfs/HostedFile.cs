using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>The functions of files whose work the host does.</summary>
internal static class HostedFile
{
    public const string Read = "host_file_read", Write = "host_file_write";

    public static void Emit(CompiledCode c)
    {
        EmitFunction(c, Read, "hosted_read");
        EmitFunction(c, Write, "hosted_write");
    }

    private static void EmitFunction(CompiledCode c, string name, string call)
    {
        KernelAssembler k = c.K;
        int number = HandlerTable.HypercallOf(call);
        c.Function(name);
        if (!c.IsWide || k.Traits.HandlersTakeRegisters)
        {
            HypercallStub.Waiting(k, number);
        }
        else
        {
            // The chain of frame pointers leads to the call's own frame, which has the descriptor.
            k.mov(rax, __qword_ptr[rbp]);
            for (int i = k.Traits.Vfs.HasInnerFunction ? 2 : 1; i > 0; i--)
                k.mov(rax, __qword_ptr[rax]);
            k.movsxd(rdi, __dword_ptr[rax + ReadWriteCalls.DescriptorFromFrame]);
            HypercallStub.KeepArguments(k, () => HypercallStub.Waiting(k, number));
        }

        c.Return();
    }
}
